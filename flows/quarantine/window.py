"""The window of single portfolios: a withheld one that is built again, or one that a command names.

Market facts are read as published, so nothing that changes them may wait: it would concern every portfolio.
"""

from collections.abc import Set as AbstractSet
from datetime import date, datetime
from types import MappingProxyType
from uuid import UUID

from flows.database import Connection, value
from flows.errors import WindowError
from flows.pipeline.window import (
    FIRST_DATE,
    LAST_PUBLISHED_DATE,
    NEVER,
    Window,
    before_first_portfolio,
    exclusions,
    market_starts,
    portfolio_reason,
    portfolio_starts,
    session_at_or_after,
)
from flows.quarantine.failures import Failures
from flows.quarantine.withheld import read_withheld


def plan_portfolios(
    connection: Connection,
    *,
    known_at: datetime,
    portfolios: AbstractSet[UUID],
    failures: Failures = MappingProxyType({}),
) -> Window | None:
    """The window of these portfolios alone, up to the last published session; None if nothing of them waits.

    failures: of an earlier attempt; these portfolios are left out. Raises WindowError when data of the market
    wait, which concern every portfolio.
    """
    to_date: date | None = value(connection, LAST_PUBLISHED_DATE)
    if to_date is None:
        raise WindowError("Nothing is published yet: `sigmasight nightly` builds all portfolios first.")
    first = session_at_or_after(connection, value(connection, FIRST_DATE, {"known_at": known_at}))
    withheld = read_withheld(connection)
    loaded = {
        key: start
        for key, start in portfolio_starts(connection, known_at, first).items()
        if key in portfolios and start <= to_date
    }
    early = before_first_portfolio(connection, loaded.values(), withheld)
    _check_market(connection, known_at, first=first, to_date=to_date, early=early)
    starts = loaded | {
        each.portfolio_id: min(each.from_date, loaded.get(each.portfolio_id, NEVER))
        for each in withheld
        if each.portfolio_id in portfolios
    }
    if not starts:
        return None
    built = {key: start for key, start in starts.items() if key not in failures}
    return Window(
        from_date=min(built.values(), default=to_date),
        to_date=to_date,
        as_of=to_date,
        known_at=known_at,
        reason=portfolio_reason(built),
        portfolios=built,
        withheld=exclusions(failures, starts, withheld, to_date),
        is_partial=True,
    )


def _check_market(
    connection: Connection,
    known_at: datetime,
    *,
    first: date,
    to_date: date,
    early: date | None,
) -> None:
    """Raise WindowError if the market facts up to to_date do not suffice for single portfolios."""
    starts = dict(market_starts(connection, known_at, first, to_date, None))
    if early is not None:
        starts["the first portfolio begins earlier"] = early
    waiting = [words for words, start in starts.items() if start <= to_date]
    if waiting:
        raise WindowError(
            f"A portfolio cannot be built alone now, because all change: {'; '.join(waiting)}. Run "
            "`sigmasight nightly`."
        )
