"""The opening balance of a portfolio: the session at whose values lots from before it enter."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from ingestion.errors import StatementOrderError
from ingestion.market.calendar import session_on_or_before
from ingestion.portfolios.portfolios import Portfolio
from ingestion.raw.loads import Connection
from ingestion.statements.parts import is_withdrawn, lot_id
from ingestion.statements.reconcile import Change

_FIRST_STATEMENT = "select min(statement_date) from raw.positions where portfolio_id = %s"


def opening_date(
    connection: Connection,
    portfolio: UUID,
    known: Portfolio | None,
    as_of: date,
    *,
    is_download: bool,
    is_asked: bool,
) -> date | None:
    """The opening date of a portfolio after a statement; None if its lots perform from their entry.

    The first statement decides: a portfolio opens with a download, or if its user asks. Raises
    StatementOrderError if an opening is asked of a later one.
    """
    (first,) = connection.execute(_FIRST_STATEMENT, [portfolio]).fetchone() or (None,)
    opened = known.opening_date if known else None
    if first is None or as_of <= first:
        return session_on_or_before(as_of) if is_download or is_asked or opened else None
    if is_asked and opened is None:
        raise StatementOrderError(
            f"--performance-from statement is for a portfolio's first statement, which is of {first}: load "
            "that one again with it."
        )
    return opened


def opening_notices(changes: Iterable[Change], opening: date | None) -> list[str]:
    """What the user is told of lots from before the opening that are new to the portfolio."""
    if opening is None:
        return []
    changes = list(changes)
    known = {lot_id(change.row) for change in changes if change.known is not None}
    new = [change.row for change in changes if lot_id(change.row) not in known]  # a part of one is not
    rows = [row for row in new if not is_withdrawn(row)]
    older = [row for row in rows if row["entry_date"] < opening]
    ended = [row for row in older if _end(row) < opening]
    notices = []
    if held := len(older) - len(ended):
        their = "its" if held == 1 else "their"
        notices.append(
            f"{_lots(held)} from before {opening}: performance starts at {their} value of that day, and "
            f"{their} cost counts for unrealized and realized gains."
        )
    if ended:
        notices.append(
            f"{_lots(len(ended))} sold or expired before {opening}, where the portfolio opens: left out."
        )
    return notices


def _end(row: dict[str, date | None]) -> date:
    """The day on which a lot was sold or expired, far in the future if it was not."""
    return min(row["exit_date"] or date.max, row["expiration_date"] or date.max)


def _lots(count: int) -> str:
    return "1 lot" if count == 1 else f"{count} lots"
