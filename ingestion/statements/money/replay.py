"""The changes of cash so far with all trades as a statement tells them, beside what was told before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

from ingestion.raw.loads import Connection
from ingestion.statements.known import known_lots, versions_of_lots
from ingestion.statements.money.balances import (
    CashFlow,
    Flows,
    key_of_statement,
    known_between,
    last_statement,
)
from ingestion.statements.money.periods import Period, fill
from ingestion.statements.money.told import balances, dated
from ingestion.statements.money.trades import Trade, trades_of
from ingestion.statements.parts import Row, stated_on

Told = tuple[Sequence[Row], Sequence[Trade]]


@dataclass(frozen=True)
class Replay:
    """periods: what was before the first balance, between two, and since the last.

    start: the balance that was listed last before the statement. revised: the flows of earlier statements
    that change. open_until: the small rests that those left open since the last one that has a flow, USD.
    """

    periods: Sequence[Period]
    start: Decimal | None
    revised: tuple[CashFlow, ...]
    open_until: Decimal


def replay(connection: Connection, flows: Flows, before: Told, after: Told, as_of: date) -> Replay:
    """The periods of a portfolio. before, after: its rows and their trades before and after a statement."""
    portfolio = UUID(after[0][0]["portfolio_id"])
    versions = versions_of_lots(connection, portfolio)
    older = [row for row in versions if stated_on(row) < as_of]
    start = next((amount for _, amount in reversed(balances(older))), None)
    now = _periods(flows, after, [*older, *(row for row in after[0] if row["statement_date"] == as_of)])
    is_repeated = (last_statement(versions) or as_of) > as_of  # nothing but what is known
    if not is_repeated and all(one.change is None or one.as_of >= as_of for one in now):
        return Replay(now, start, (), Decimal(0))
    then = [] if is_repeated else [_periods(flows, before, older)]
    if len(older) < len(versions):
        stored = known_lots(connection, portfolio)
        then.append(_periods(flows, (stored, trades_of(connection, stored, as_of)), versions))
    now = then[0] if is_repeated else now
    return Replay(now, start, *_compared(portfolio, flows, then, now, as_of))


def _compared(
    portfolio: UUID, flows: Flows, then: Iterable[Iterable[Period]], now: Iterable[Period], as_of: date
) -> tuple[tuple[CashFlow, ...], Decimal]:
    """The revised flows and the open rests.

    then: the periods by the trades as told before the statement, and by what is loaded of it: a flow that was
    added since can move a trade. now: as it tells them.
    """
    before = [{period.as_of: period for period in periods} for periods in then]
    revised: list[CashFlow] = []
    open_until = Decimal(0)
    for period in now:
        if period.as_of >= as_of:
            break
        key = key_of_statement(portfolio, period.as_of)
        earlier = flows[key][0] if key in flows else Decimal(0)
        has_flow = key in flows
        is_told_otherwise = not all(period.has_trades_of(one[period.as_of]) for one in before)
        if period.rest is not None and is_told_otherwise:
            amount = period.flow(open_until)
            has_flow = has_flow or amount != 0
            if amount != earlier:
                revised.append(CashFlow(key, portfolio, period.as_of, amount, earlier))
        is_open = not has_flow and period.rest is not None and not period.flow(Decimal(0))
        open_until = open_until + (period.rest or 0) if is_open else Decimal(0)
    return tuple(revised), open_until


def _periods(flows: Flows, told: Told, history: Sequence[Row]) -> list[Period]:
    """history: every row that a statement wrote."""
    portfolio = UUID(history[0]["portfolio_id"])
    known = balances(history)
    periods = [Period(date.min, known[0][0], None)] if known else []
    for (last, start), (day, end) in pairwise(known):
        periods.append(Period(last, day, end - start - known_between(flows, portfolio, last, day)))
    periods.append(Period(periods[-1].as_of if periods else date.min, date.max, None))
    if known:
        rows, trades = told
        fill(periods, dated(trades, rows, history))
    return periods
