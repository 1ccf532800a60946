"""The capital flows in the changes of cash that the trades between two statements do not explain.

Cash that was raised without a sale came from outside: a contribution of the statement's date. Sales,
purchases, dividends and flows that are known already explain their part, since the statement that changed the
balance last: one that trades did not change was not brought up to date. A statement tells all trades so far:
where it tells those between two earlier ones otherwise, their flow is computed again. Without a price for one
of them the flow is unknown, and a notice asks for it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from ingestion.portfolios.capital_flows import named
from ingestion.raw.loads import Connection
from ingestion.statements.money.balances import (
    EXPLAINED,
    CashFlow,
    Flows,
    balance,
    key_of_statement,
    known_between,
    last_statement,
    read_flows,
)
from ingestion.statements.money.periods import Period
from ingestion.statements.money.replay import replay
from ingestion.statements.money.trades import Trade, trades_of
from ingestion.statements.parts import Row

_WORTH_NAMING = Decimal(1)  # USD; less is rounding


def cash_flow(
    connection: Connection,
    portfolio: UUID,
    before: Sequence[Row],
    after: Sequence[Row],
    as_of: date,
    *,
    has_zero_cash: bool = False,
) -> tuple[tuple[CashFlow, ...], Decimal | None, tuple[str, ...]]:
    """The flows to load with a statement, none if they are known, what stays beside the cash, and notices for
    the user.

    before, after: the portfolio's rows before and after the statement. Beside its own flow, those of earlier
    statements change whose trades it tells otherwise. Beside the cash stays what trades, dividends and flows
    brought since the last statement and neither it nor the flow shows, USD; None if a price is missing.
    has_zero_cash: whether the statement lists a balance of 0, of which there is no row.
    """
    key, flows = key_of_statement(portfolio, as_of), read_flows(connection, portfolio)
    loaded = flows[key][0] if key in flows else Decimal(0)
    last = last_statement(before) or as_of
    if last == as_of:  # the first one
        first = (CashFlow(key, portfolio, as_of, Decimal(0), loaded),) if loaded else ()
        return first, Decimal(0), _taken_back(first)
    known = known_between(flows, portfolio, last, as_of)
    listed, end = balance(before, as_of), balance(after, as_of)
    traded = trades_of(connection, before, last), trades_of(connection, after, as_of)
    now = replay(connection, flows, (before, traded[0]), (after, traded[1]), as_of)
    period = next(one for one in now.periods if one.as_of >= as_of)
    if has_zero_cash and end is None and now.start is not None:
        end, period = Decimal(0), _until_spent(period, now.start, flows, portfolio, as_of)
    since = [trade.amount for trade in period.trades if trade.told > last]
    amount, notices = Decimal(0), tuple[str, ...]()
    if listed is not None and end is None:
        notices = _not_listed(listed, known, since, last)
    elif end is not None and now.start == end:
        notices = _unchanged(end, known, since, last)
    elif now.start is not None and end is not None:
        amount = period.flow(now.open_until)
        notices = _unexplained((now.start, end), period, now.open_until, amount)
    own = () if amount == loaded else (CashFlow(key, portfolio, as_of, amount, loaded),)
    changed = sum((flow.amount - flow.earlier for flow in now.revised), known + amount)
    brought = _brought(*traded)
    beside = None if brought is None else brought + changed - ((end or 0) - (listed or 0))
    return (*own, *now.revised), beside, (*_told_otherwise(now.revised), *notices, *_taken_back(own))


def _until_spent(period: Period, start: Decimal, flows: Flows, portfolio: UUID, as_of: date) -> Period:
    """The period of the balance `start` until a statement that lists a balance of 0."""
    change = -start - known_between(flows, portfolio, period.last, as_of)
    trades = [trade for trade in period.trades if trade.told <= as_of]
    return replace(period, as_of=as_of, change=change, trades=trades)


def _brought(before: Iterable[Trade], after: Iterable[Trade]) -> Decimal | None:
    """What trades and payments brought since those before, USD; None if a price is missing."""
    brought = Counter((trade.day, trade.amount) for trade in after)
    brought.subtract((trade.day, trade.amount) for trade in before)
    more = [(amount, count) for (_, amount), count in brought.items() if count]
    if any(amount is None for amount, _ in more):
        return None
    return sum((count * amount for amount, count in more if amount is not None), Decimal(0))


def _told_otherwise(flows: Iterable[CashFlow]) -> tuple[str, ...]:
    return tuple(
        f"Trades that the statement of {flow.day} counted are told otherwise now: by its change of cash "
        f"it has {_kind(flow.amount)}, where it had {_kind(flow.earlier)}."
        for flow in flows
    )


def _kind(amount: Decimal) -> str:
    return f"a {named(amount)}" if amount else "no flow"


def _taken_back(flows: Sequence[CashFlow]) -> tuple[str, ...]:
    return tuple(
        f"The {named(flow.earlier)} on {flow.day} is taken back: this statement has none now."
        for flow in flows
        if not flow.amount and flow.earlier
    )


def _unexplained(
    balances: tuple[Decimal, Decimal], period: Period, open_until: Decimal, amount: Decimal
) -> tuple[str, ...]:
    """What is said of a change of cash.

    open_until: the small rests of the statements before. What makes them good is no flow, such as a dividend
    that is paid after its statement. amount: the flow.
    """
    start, end = balances
    changed = f"Cash changed from {start:,.2f} to {end:,.2f}"
    if period.rest is None:
        how = (
            "no flow is assumed; load prices and then this statement again, or add the flow with `sigmasight "
            "capital-flows add`"
        )
        return (f"{changed}, but the price of a sale since {period.last} is not known: {how}.",)
    made_good, by = period.made_good(open_until), "trades, dividends and known flows"
    if made_good:
        by += ", with what the statements before left open,"
    rest = period.rest + made_good
    explained = end - start - rest
    of_which = f", of which {by} explain {explained:,.2f}" if explained else ""
    if not amount:
        return _small(changed + of_which, rest)
    what = f"a {named(amount)} on {period.as_of}"
    undo = "`sigmasight capital-flows list` shows its id, and `capital-flows remove` takes it back"
    return (f"{changed}{of_which}: {what}. If it is not one, {undo}.",)


def _small(changed: str, amount: Decimal) -> tuple[str, ...]:
    """What is said of a rest that is small beside the trades."""
    if abs(amount) < _WORTH_NAMING:
        return ()
    side = "below" if amount > 0 else "above"
    sentence = (
        f"{changed}: the other {amount:,.2f} is small beside them, so it is taken for fees, interest or "
        "prices of sales, and no flow is assumed: it stays beside the balance, where it alone puts our "
        f"equity {abs(amount):,.2f} {side} the statement's. If it was paid in or out, or is to leave our "
        "equity, `sigmasight capital-flows add` adds it."
    )
    return (sentence,)


def _not_listed(
    balance: Decimal, known: Decimal, since: Sequence[Decimal | None], last: date
) -> tuple[str, ...]:
    """What is said of a balance that the statement does not list: spent, paid out or forgotten."""
    traded = _priced(since)
    left = balance + known + sum(traded, Decimal(0))
    if abs(left) <= max(EXPLAINED * sum(map(abs, traded), Decimal(0)), _WORTH_NAMING):
        return ()
    sentence = (
        f"The statement lists no cash, where the one of {last} had {balance:,.2f}. With trades, dividends "
        f"and known flows since, {left:,.2f} is kept beside the positions. If it was paid out, `sigmasight "
        "capital-flows add` adds the withdrawal; if not, list the balance in the next statement."
    )
    return (sentence,)


def _unchanged(
    balance: Decimal, known: Decimal, since: Sequence[Decimal | None], last: date
) -> tuple[str, ...]:
    """What is said of a balance that trades should have changed: perhaps nobody brought it up to date."""
    left = known + sum(_priced(since), Decimal(0))
    if abs(left) < _WORTH_NAMING:
        return ()
    done = f"brought {left:,.2f}" if left > 0 else f"cost {-left:,.2f}"
    sentence = (
        f"Cash is {balance:,.2f} as before, while trades, dividends and known flows since {last} {done}: it "
        "is kept beside the balance. If the balance is an old one, load the statement with the new one; if "
        "not, `sigmasight capital-flows add` adds what was paid in or out."
    )
    return (sentence,)


def _priced(amounts: Sequence[Decimal | None]) -> list[Decimal]:
    """The amounts; none if a price is missing."""
    return [] if None in amounts else [amount for amount in amounts if amount is not None]
