"""Target prices of a portfolio's symbols, from a file (target_prices.csv) or one by one, with their history.

Columns of the file: portfolio_name, owner_email (optional if the name is unique), symbol, target_price_eoy,
target_price_next_year, downside_target_price (USD per share; an empty cell means no such target),
effective_date. Without a date, the first targets of a symbol are in force from the portfolio's inception,
later ones from today.

Targets are per share as of the day they are stated on: the effective_date if given, else today. Later splits
are applied to them as to a position.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from ingestion.errors import InvalidEntryError, MalformedFileError
from ingestion.files.csv_reader import read_strictly
from ingestion.portfolios.cells import PortfolioCells
from ingestion.portfolios.entries import (
    Holder,
    Row,
    check_day,
    check_number,
    in_force,
    stored_entries,
    write_entry,
)
from ingestion.portfolios.portfolios import Directory
from ingestion.raw.datasets import TARGET_PRICES
from ingestion.raw.loads import Connection, LoadReport, load_transaction

SOURCE = "files"
TARGETS = ("target_price_eoy", "target_price_next_year", "downside_target_price")
REQUIRED = ("portfolio_name", "symbol", *TARGETS)
OPTIONAL = ("owner_email", "effective_date")

_SUBJECT = ("portfolio_id", "symbol")
_NONE = dict.fromkeys(TARGETS)

Known = dict[tuple[Any, ...], Row]


def load_target_prices(connection: Connection, path: Path, *, today: date | None = None) -> LoadReport:
    """Load a file of target prices, all of it or nothing.

    today: the day the targets are stated on (default: today, UTC). Raises MalformedFileError, or
    UnknownPortfolioError naming the known portfolios.
    """
    today = today or datetime.now(UTC).date()
    with load_transaction(connection, TARGET_PRICES.name, source=SOURCE, origin=str(path)) as load:
        return load.rows(TARGET_PRICES, _read(connection, path, today))


def set_target_price(
    connection: Connection,
    holder: Holder,
    symbol: str,
    targets: Mapping[str, Decimal | None],
    *,
    day: date | None = None,
    today: date | None = None,
) -> LoadReport:
    """Set targets of a symbol, keyed by the names of TARGETS; None leaves a target unchanged.

    day: the first day (default: the portfolio's inception for the first targets of the symbol, else today).
    Raises InvalidEntryError.
    """
    today = today or datetime.now(UTC).date()
    symbol = holder.symbol(symbol)
    given = {name: value for name, value in targets.items() if value is not None}
    if not given:
        raise InvalidEntryError("No target was given; use at least one of --eoy, --next-year and --downside.")
    for name, value in given.items():
        check_number(value, name, smallest=Decimal("0.000001"))

    def make(_: object) -> Row | None:
        known = _of_symbol(connection, holder, symbol)
        since = check_day(day or (today if known else holder.portfolio.inception_date), today, "The day")
        before = in_force(known, ("symbol",), since).get((symbol,), _NONE)
        row = {**{name: before[name] for name in TARGETS}, **given}
        return None if _same(row, before) else _row(holder, symbol, since, day or today, row)

    return write_entry(connection, TARGET_PRICES, "targets set", make)


def remove_target_price(
    connection: Connection, holder: Holder, symbol: str, *, day: date | None = None, today: date | None = None
) -> LoadReport:
    """End the targets of a symbol from that day on (default: today); earlier days keep them.

    Raises InvalidEntryError if the symbol has none.
    """
    today = today or datetime.now(UTC).date()
    symbol = holder.symbol(symbol)
    since = check_day(day or today, today, "The day")

    def make(_: object) -> Row | None:
        known = _of_symbol(connection, holder, symbol)
        if not known:
            raise InvalidEntryError(
                f"{symbol} of {holder.portfolio.portfolio_name!r} has no target price; "
                "`sigmasight targets list` shows all targets."
            )
        before = in_force(known, ("symbol",), since).get((symbol,), _NONE)
        return None if _same(_NONE, before) else _row(holder, symbol, since, since, _NONE)

    return write_entry(connection, TARGET_PRICES, "targets remove", make)


def current_targets(connection: Connection, day: date, holder: Holder | None = None) -> Known:
    """The targets in force on a day by (portfolio_id, symbol), without ended ones."""
    rows = stored_entries(connection, TARGET_PRICES, holder)
    return {key: row for key, row in in_force(rows, _SUBJECT, day).items() if not _same(row, _NONE)}


def _of_symbol(connection: Connection, holder: Holder, symbol: str) -> list[Row]:
    rows = stored_entries(connection, TARGET_PRICES, holder)
    return [row for row in rows if row["symbol"] == symbol]


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one[name] == other[name] for name in TARGETS)


def _row(holder: Holder, symbol: str, since: date, stated_on: date, targets: Mapping[str, Any]) -> Row:
    return {
        "portfolio_id": str(holder.key),
        "symbol": symbol,
        "effective_date": since,
        **{name: targets[name] for name in TARGETS},
        "stated_on": stated_on,
    }


# --- the file --------------------------------------------------------------------------------------------


def _read(connection: Connection, path: Path, today: date) -> pd.DataFrame:
    rows: dict[tuple[Any, ...], Row] = {}
    lines: dict[tuple[Any, ...], int] = {}
    directory = Directory(connection)
    known: dict[Any, list[Row]] = {}
    for row in stored_entries(connection, TARGET_PRICES):
        known.setdefault((row["portfolio_id"], row["symbol"]), []).append(row)
    for record in read_strictly(path, REQUIRED, OPTIONAL):
        cells = PortfolioCells(directory, path, record)
        portfolio = cells.portfolio()
        holder = Holder(portfolio, directory.symbols(portfolio.portfolio_id))
        symbol = cells.held_symbol("symbol", holder.key)
        targets = {name: cells.positive_number(name) for name in TARGETS}
        if not any(targets.values()):
            raise MalformedFileError(
                path,
                "the row gives no target; fill one of its cells (`sigmasight targets remove` ends a target).",
                row=record.line,
            )
        stated = cells.day("effective_date", today) if record["effective_date"] else None
        since = stated or _first_day(holder, known.get((holder.key, symbol), []), targets, today)
        key = (holder.key, symbol, since)
        row = _row(holder, symbol, since, stated or today, targets)
        if key in rows and not _same(rows[key], row):
            raise MalformedFileError(
                path,
                f"the rows {lines[key]} and {record.line} give different targets of {symbol} from {since} "
                "on; remove the wrong one.",
                row=record.line,
            )
        lines[key] = record.line
        rows[key] = row
    return pd.DataFrame(list(rows.values()), columns=list(TARGET_PRICES.columns), dtype=object)


def _first_day(holder: Holder, known: list[Row], targets: Mapping[str, Any], today: date) -> date:
    """The effective date of targets without one; unchanged targets keep their date."""
    if not known:
        return holder.portfolio.inception_date
    (current,) = in_force(known, ("symbol",), today).values() or [None]
    if current is not None and _same(current, targets):
        day: date = current["effective_date"]
        return day
    return today
