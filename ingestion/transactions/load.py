"""Load transactions of portfolios: our own file (transactions.csv), or a broker's export.

Columns of our file: portfolio_name, owner_email (optional if the name is unique), date, kind (buy, sell,
dividend, fee, split, transfer), symbol, quantity, price, fees, amount, acquired, notes. A broker's export is
of one portfolio, which is named.

A file lists all transactions of a portfolio between its first and its last one: what was known of these days
and is not in it is withdrawn. So files may overlap, a corrected file replaces the wrong one, and loading it
twice changes nothing.
"""

import csv
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd

from ingestion.errors import MalformedFileError
from ingestion.files.csv_reader import UnreadableFileError
from ingestion.files.encodings import decode
from ingestion.portfolios.entries import Row
from ingestion.portfolios.portfolios import Directory, Portfolio
from ingestion.raw.datasets import TRANSACTIONS
from ingestion.raw.ids import transaction_id
from ingestion.raw.loads import Connection, LoadReport, load_transaction
from ingestion.transactions.brokers import BROKERS, Export, recognize
from ingestion.transactions.model import Transaction, faults
from ingestion.transactions.own_file import REQUIRED, read_own
from ingestion.wording import joined

SOURCE = "files"
LARGEST_FILE = 10 * 1024 * 1024  # bytes

_KNOWN = """
select distinct on (transaction_id) {columns} from raw.transactions
where portfolio_id = %(portfolio)s
order by transaction_id, load_id desc
"""


def load_transactions(
    connection: Connection,
    path: Path,
    *,
    portfolio_name: str | None = None,
    owner_email: str | None = None,
    account: str | None = None,
    today: date | None = None,
) -> LoadReport:
    """Load a file of transactions, all of it or nothing.

    portfolio_name: of a broker's export, whose portfolio it does not name. account: the one to load of an
    export that lists several. Raises MalformedFileError, or UnknownPortfolioError naming the known
    portfolios.
    """
    today = today or datetime.now(UTC).date()
    with load_transaction(connection, TRANSACTIONS.name, source=SOURCE, origin=str(path)) as load:
        connection.execute("lock table raw.transactions in share row exclusive mode")
        directory = Directory(connection)
        export = _export(path, account)
        if export is None:
            found = list(read_own(path, directory, today))
        else:
            portfolio = _named(directory, path, export, portfolio_name, owner_email)
            found = [(portfolio, one) for one in _checked(path, export, account, today)]
        frame = pd.DataFrame(_rows(connection, found), columns=list(TRANSACTIONS.columns), dtype=object)
        return load.rows(TRANSACTIONS, frame)


def left_out(path: Path, account: str | None = None) -> str | None:
    """What a broker's export lists beside transactions, in a sentence; None if there is nothing."""
    export = _export(path, account)
    if export is None or not export.left_out:
        return None
    kinds = joined(f"{count} {kind}" for kind, count in sorted(export.left_out.items()))
    return f"Left out of the {export.broker} export: {kinds}."


def _export(path: Path, account: str | None) -> Export | None:
    if not path.is_file():
        return None  # the reader of our own file says so
    if path.stat().st_size > LARGEST_FILE:
        raise MalformedFileError(path, "the file has more than 10 MB; divide it by year.")
    try:
        text, _ = decode(path.read_bytes())
        return recognize(text, account)
    except UnreadableFileError as error:
        if error.kind == "malformed":
            raise MalformedFileError(path, error.sentence, row=error.line) from error
        return None
    except csv.Error:
        return None


def _named(
    directory: Directory, path: Path, export: Export, portfolio_name: str | None, owner_email: str | None
) -> Portfolio:
    if portfolio_name is None:
        raise MalformedFileError(
            path, f"a {export.broker} export does not name its portfolio; give it with --portfolio."
        )
    return directory.find(portfolio_name, owner_email)


def _checked(path: Path, export: Export, account: str | None, today: date) -> Iterable[Transaction]:
    _check_account(path, export, account)
    if not export.transactions:
        known = f"{', '.join(BROKERS)} exports, or a file with the columns {', '.join(REQUIRED)}"
        raise MalformedFileError(
            path, f"the {export.broker} export lists no buy, sell, dividend or fee; loaded are {known}."
        )
    for one in export.transactions:
        for column, sentence in faults(one):
            raise MalformedFileError(path, sentence, row=one.line, column=column)
        if one.day > today:
            raise MalformedFileError(
                path, "lies in the future; correct the date.", row=one.line, column="date"
            )
    return export.transactions


def _check_account(path: Path, export: Export, account: str | None) -> None:
    names = export.accounts
    is_one = len(names) <= 1
    if is_one and (account is None or any(account.strip().lower() in name.lower() for name in names)):
        return
    listed = f"lists {len(names)} accounts ({', '.join(names)}); choose one with --account."
    if is_one:
        listed = f"is of {names[0]}, not of {account}." if names else "names no account; leave --account out."
    raise MalformedFileError(path, f"the {export.broker} export {listed}")


def _rows(connection: Connection, found: Iterable[tuple[Portfolio, Transaction]]) -> list[Row]:
    """The rows of the transactions, and those that withdraw what is known of their days and not listed."""
    by_portfolio: dict[UUID, list[Transaction]] = {}
    for portfolio, one in found:
        by_portfolio.setdefault(portfolio.portfolio_id, []).append(one)
    rows: list[Row] = []
    for key, listed in by_portfolio.items():
        stated = {row["transaction_id"]: row for row in _stated(key, listed)}
        first, last = min(one.day for one in listed), max(one.day for one in listed)
        gone = [
            {**row, "is_withdrawn": True}
            for row in _known(connection, key)
            if first <= row["trade_date"] <= last and row["transaction_id"] not in stated
        ]
        rows += [*stated.values(), *gone]
    return rows


def _stated(portfolio: UUID, listed: Iterable[Transaction]) -> Iterable[Row]:
    """Equal transactions of a day are told apart by their order."""
    equal: Counter[tuple[Any, ...]] = Counter()
    for one in listed:
        terms = (one.day, one.kind, one.symbol, one.quantity, one.price, one.fees, one.amount)
        equal[terms] += 1
        yield {
            "transaction_id": str(transaction_id(portfolio, terms, equal[terms])),
            "portfolio_id": str(portfolio),
            "trade_date": one.day,
            "kind": one.kind,
            "symbol": one.symbol,
            "quantity": one.quantity,
            "price": one.price,
            "fees": one.fees,
            "amount": one.amount,
            "acquired_on": one.acquired,
            "notes": one.notes,
            "is_withdrawn": False,
        }


def _known(connection: Connection, portfolio: UUID) -> list[Row]:
    columns = TRANSACTIONS.columns
    cursor = connection.execute(_KNOWN.format(columns=", ".join(columns)).encode(), {"portfolio": portfolio})
    rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return [{**row, **{key: str(row[key]) for key in ("transaction_id", "portfolio_id")}} for row in rows]
