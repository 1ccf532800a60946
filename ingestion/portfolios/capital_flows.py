"""Capital flows (contributions and withdrawals), from a file (capital_flows.csv) or one by one.

Columns of the file: portfolio_name, owner_email (optional if the name is unique), flow_date, amount (USD,
negative for a withdrawal), notes. In a file, a flow is identified by its date, its notes and, among equal
ones, its order; a changed amount corrects it, and an amount of 0 removes it. Single flows are identified by
id, and their date and notes can be corrected too. A flow before the portfolio's first session is refused: the
equity balance is that of its start.
"""

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, partial
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd

from ingestion.errors import InvalidEntryError
from ingestion.files.csv_reader import read_strictly
from ingestion.market.calendar import sessions
from ingestion.portfolios.cells import PortfolioCells
from ingestion.portfolios.entries import (
    Holder,
    Row,
    check_day,
    check_number,
    one_of,
    stored_entries,
    write_entry,
)
from ingestion.portfolios.portfolios import Directory
from ingestion.raw.datasets import CAPITAL_FLOWS
from ingestion.raw.ids import flow_id
from ingestion.raw.loads import Connection, LoadReport, load_transaction

SOURCE = "files"
REQUIRED = ("portfolio_name", "flow_date", "amount")
OPTIONAL = ("owner_email", "notes")
OF_STATEMENT = "Change of cash by the statement of {}"
"""The notes of a flow that a statement has by its change of cash."""

# the inception, or the first entry (not before the opening) if that is earlier; greatest() ignores a null
_FIRST_DAY = """
select least(portfolios.inception_date, greatest(min(positions.entry_date), portfolios.opening_date))
from raw.newest_portfolios as portfolios
left join raw.newest_positions as positions using (portfolio_id)
where portfolio_id = %(portfolio)s
group by portfolios.inception_date, portfolios.opening_date
"""

# the flow of the first statement on or after a day, if it has one
_OF_NEXT_STATEMENT = """
select flow_id::text, amount, flow_date
from raw.newest_capital_flows
where
    portfolio_id = %(portfolio)s and amount <> 0
    and flow_date = (
        select min(statement_date) from raw.positions
        where portfolio_id = %(portfolio)s and statement_date >= %(day)s
    )
    and notes like replace(%(notes)s, '{}', flow_date::text) || '%%'
"""
_SHOWN_ID = 8  # characters


def load_capital_flows(connection: Connection, path: Path, *, today: date | None = None) -> LoadReport:
    """Load a file of capital flows, all of it or nothing.

    Raises MalformedFileError or UnknownPortfolioError naming the known portfolios.
    """
    with load_transaction(connection, CAPITAL_FLOWS.name, source=SOURCE, origin=str(path)) as load:
        frame = _read(connection, path, today or datetime.now(UTC).date())
        known = _flows(connection)
        notices = [
            notice
            for key, portfolio, day, amount, _ in frame.itertuples(index=False)
            if key not in known and (notice := counted_by_statement(connection, UUID(portfolio), amount, day))
        ]
        return load.rows(CAPITAL_FLOWS, frame, notices=notices)


def add_flow(
    connection: Connection,
    holder: Holder,
    amount: Decimal,
    day: date,
    *,
    notes: str = "",
    today: date | None = None,
) -> LoadReport:
    """Add a flow, USD, negative for a withdrawal, even if an equal one exists.

    Raises InvalidEntryError.
    """
    check_day(day, today or datetime.now(UTC).date(), "The day of the flow")
    _check_amount(amount)
    notes = notes.strip()

    def make(_: object) -> Row:
        _check_start(connection, holder.key, day)
        known = set(_flows(connection))
        ids = (str(flow_id(holder.key, day, notes, ordinal)) for ordinal in count(1))
        return {
            "flow_id": next(key for key in ids if key not in known),
            "portfolio_id": str(holder.key),
            "flow_date": day,
            "amount": amount,
            "notes": notes or None,
        }

    return write_entry(connection, CAPITAL_FLOWS, "capital-flows add", make)


def equal_flows(connection: Connection, holder: Holder, amount: Decimal, day: date) -> list[str]:
    """The ids of the portfolio's flows of that amount and day: one more may be the same one, added again."""
    return sorted(
        key
        for key, row in _flows(connection).items()
        if (row["portfolio_id"], row["amount"], row["flow_date"]) == (str(holder.key), amount, day)
    )


def counted_by_statement(connection: Connection, portfolio: UUID, amount: Decimal, day: date) -> str | None:
    """What is said of a flow that the next statement may have counted by its change of cash; else None."""
    asked = {"portfolio": portfolio, "day": day, "notes": OF_STATEMENT}
    with connection.transaction():
        found = connection.execute(_OF_NEXT_STATEMENT, asked).fetchone()
    if found is None or (found[1] > 0) != (amount > 0):
        return None
    key, counted, of = found
    return (
        f"The statement of {of} has a {named(counted)} by its change of cash, and {amount:,.2f} "
        f"on {day} counts too. If they are the same money, `sigmasight capital-flows remove "
        f"{key[:_SHOWN_ID]}` takes the statement's back; if one is a part of the other, load the statement "
        "again."
    )


def named(amount: Decimal) -> str:
    """A flow's kind and amount: `contribution of 9,000.00`."""
    return f"{'contribution' if amount > 0 else 'withdrawal'} of {abs(amount):,.2f}"


def correct_flow(
    connection: Connection,
    flow: str,
    *,
    amount: Decimal | None = None,
    day: date | None = None,
    notes: str | None = None,
    today: date | None = None,
) -> LoadReport:
    """Correct the flow with this id or id prefix; arguments that are None stay unchanged.

    Raises InvalidEntryError.
    """
    changes: Row = {}
    if amount is not None:
        changes["amount"] = _check_amount(amount)
    if day is not None:
        changes["flow_date"] = check_day(day, today or datetime.now(UTC).date(), "The day of the flow")
    if notes is not None:
        changes["notes"] = notes.strip() or None
    if not changes:
        raise InvalidEntryError("Nothing to correct was given; use --amount, --date or --notes.")

    def make(_: object) -> Row:
        corrected = {**_flow(connection, flow), **changes}
        _check_start(connection, UUID(corrected["portfolio_id"]), corrected["flow_date"])
        return corrected

    return write_entry(connection, CAPITAL_FLOWS, "capital-flows correct", make)


def remove_flow(connection: Connection, flow: str) -> LoadReport:
    """Remove a flow from all dates; its history stays. Raises InvalidEntryError."""
    return write_entry(
        connection,
        CAPITAL_FLOWS,
        "capital-flows remove",
        lambda _: {**_flow(connection, flow), "amount": Decimal(0)},
    )


def _flows(connection: Connection) -> dict[str, Row]:
    """The newest row of each flow by its id."""
    rows = stored_entries(connection, CAPITAL_FLOWS)
    return {
        str(row["flow_id"]): {
            **{name: row[name] for name in CAPITAL_FLOWS.columns},
            "flow_id": str(row["flow_id"]),
            "portfolio_id": str(row["portfolio_id"]),
        }
        for row in rows
    }


def _flow(connection: Connection, flow: str) -> Row:
    return one_of(_flows(connection), flow, "capital flow")


def _first_session(connection: Connection, portfolio: UUID) -> date:
    row = connection.execute(_FIRST_DAY, {"portfolio": portfolio}).fetchone()
    assert row is not None  # noqa: S101 - the portfolio was just found, and raw is append-only
    return _session_of(row[0])


def _session_of(day: date) -> date:
    """The session on which a flow of this day counts."""
    session: date = sessions(start=day)[0].item()
    return session


def _check_start(connection: Connection, portfolio: UUID, day: date) -> None:
    first = _first_session(connection, portfolio)
    if _session_of(day) < first:
        raise InvalidEntryError(f"The day of the flow {day} {_too_early(first)}")


def _too_early(first: date) -> str:
    return (
        f"lies before the portfolio's first session, {first}, whose equity balance contains it; leave it out "
        "or correct the date."
    )


def _check_amount(amount: Decimal) -> Decimal:
    if check_number(amount, "The amount") == 0:
        raise InvalidEntryError(
            "The amount of a flow must not be 0; remove a flow with `sigmasight capital-flows remove`."
        )
    return amount


def _read(connection: Connection, path: Path, today: date) -> pd.DataFrame:
    counts: Counter[tuple[UUID, date, str]] = Counter()
    rows: list[dict[str, Any]] = []
    directory = Directory(connection)
    first_session = cache(partial(_first_session, connection))
    for record in read_strictly(path, REQUIRED, OPTIONAL):
        cells = PortfolioCells(directory, path, record)
        portfolio, day = cells.portfolio().portfolio_id, cells.day("flow_date", today)
        amount: Decimal = cells.number("amount")
        if amount != 0 and _session_of(day) < first_session(portfolio):
            raise cells.fault("flow_date", _too_early(first_session(portfolio)))
        counts[portfolio, day, record["notes"]] += 1
        ordinal = counts[portfolio, day, record["notes"]]
        rows.append(
            {
                "flow_id": str(flow_id(portfolio, day, record["notes"], ordinal)),
                "portfolio_id": str(portfolio),
                "flow_date": day,
                "amount": amount,
                "notes": record["notes"] or None,
            }
        )
    return pd.DataFrame(rows, dtype=object)
