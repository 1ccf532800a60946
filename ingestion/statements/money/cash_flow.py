"""The capital flow in a statement whose cash changed by more than its trades explain.

Cash that was raised without a sale came from outside: a contribution of the statement's date. Sales,
purchases, dividends and flows that are known already explain their part, since the statement that changed the
balance last: one that trades did not change was not brought up to date. Without a price for one of them the
flow is unknown, and a notice asks for it.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from ingestion.portfolios.capital_flows import named
from ingestion.raw.loads import Connection
from ingestion.statements.known import known_lots
from ingestion.statements.money.balances import (
    EXPLAINED,
    CashFlow,
    balance,
    is_small,
    key_of_statement,
    known_between,
    last_moved,
    last_statement,
    read_flows,
)
from ingestion.statements.money.earlier_flows import ToldOtherwise, left_open, told_otherwise
from ingestion.statements.money.trades import cash_of_trades
from ingestion.statements.money.values import CENT
from ingestion.statements.parts import Row

_WORTH_NAMING = Decimal(1)  # USD; less is rounding


def cash_flow(
    connection: Connection, portfolio: UUID, before: Sequence[Row], after: Sequence[Row], as_of: date
) -> tuple[tuple[CashFlow, ...], Decimal | None, tuple[str, ...]]:
    """The flows to load with a statement, none if they are known, what stays beside the cash, and notices for
    the user.

    before, after: the portfolio's rows before and after the statement. Beside its own flow, those of earlier
    statements change that counted sales which it tells otherwise. Beside the cash stays what trades,
    dividends and flows brought since the last statement and neither it nor the flow shows, USD; None if a
    price is missing.
    """
    key, flows = key_of_statement(portfolio, as_of), read_flows(connection, portfolio)
    loaded = flows[key][0] if key in flows else Decimal(0)
    last = last_statement(before) or as_of
    if last == as_of:  # the first one
        first = (CashFlow(key, portfolio, as_of, Decimal(0), loaded),) if loaded else ()
        return first, Decimal(0), _taken_back(first)
    known = known_between(flows, portfolio, last, as_of)
    traded = cash_of_trades(connection, before, after, (last, as_of))
    start, end = balance(before, as_of), balance(after, as_of)
    amount, notices, told = Decimal(0), tuple[str, ...](), ToldOtherwise()
    if start is not None and end is None:
        notices = _not_listed(start, known, traded, last)
    elif start is not None and end is not None:
        moved = last_moved(before, last)
        # of two equal balances one is old, and what trades brought since stays beside it
        then = before if moved == last or start == end else known_lots(connection, portfolio, latest=moved)
        told = told_otherwise(connection, portfolio, flows, (then, after), (moved, as_of))
        if start == end:
            amount, notices = _corrected(told.open, as_of)
            notices += _unchanged(end, known + amount, _without(traded, told.counted), last)
        else:
            passed = traded if then is before else cash_of_trades(connection, then, after, (moved, as_of))
            since = known_between(flows, portfolio, moved, as_of)
            open_until = left_open(connection, portfolio, flows, moved)
            amount, notices = _unexplained(
                (start, end), since, _without(passed, told.counted), open_until, (moved, as_of)
            )
    known += told.change
    beside = None if traded is None else known + sum(traded, amount) - ((end or 0) - (start or 0))
    own = () if amount == loaded else (CashFlow(key, portfolio, as_of, amount, loaded),)
    return (*own, *told.flows), beside, (*told.notices, *notices, *_taken_back(own))


def _without(traded: list[Decimal] | None, counted: Sequence[Decimal]) -> list[Decimal] | None:
    """The trades without those that earlier flows count."""
    rest = None if traded is None else [*traded]
    for amount in counted:
        if rest and amount in rest:
            rest.remove(amount)
    return rest


def _taken_back(flows: Sequence[CashFlow]) -> tuple[str, ...]:
    return tuple(
        f"The {named(flow.earlier)} on {flow.day} is taken back: this statement has none now."
        for flow in flows
        if not flow.amount and flow.earlier
    )


def _unexplained(
    balances: tuple[Decimal, Decimal],
    known: Decimal,
    traded: Sequence[Decimal] | None,
    open_until: Decimal,
    period: tuple[date, date],
) -> tuple[Decimal, tuple[str, ...]]:
    """The change of cash that neither trades nor known flows explain. period: what it changed in.

    open_until: the small rests of the statements before. What makes them good is no flow, such as a dividend
    that is paid after its statement.
    """
    (start, end), (last, as_of) = balances, period
    changed = f"Cash changed from {start:,.2f} to {end:,.2f}"
    if traded is None:
        how = "no flow is assumed; add one with `sigmasight capital-flows add`"
        return Decimal(0), (f"{changed}, but the price of a sale since {last} is not known: {how}.",)
    explained, by = known + sum(traded, Decimal(0)), "trades, dividends and known flows"
    if abs(end - start - explained + open_until) < abs(end - start - explained):
        explained, by = explained - open_until, f"{by}, with what the statements before left open,"
    amount = (end - start - explained).quantize(CENT)
    of_which = f", of which {by} explain {explained:,.2f}" if explained else ""
    if is_small(amount, traded):
        return Decimal(0), _small(changed + of_which, amount)
    what = f"a {named(amount)} on {as_of}"
    undo = "`sigmasight capital-flows list` shows its id, and `capital-flows remove` takes it back"
    return amount, (f"{changed}{of_which}: {what}. If it is not one, {undo}.",)


def _small(changed: str, amount: Decimal) -> tuple[str, ...]:
    """What is said of a rest that is small beside the trades."""
    if abs(amount) < _WORTH_NAMING:
        return ()
    sentence = (
        f"{changed}: the other {amount:,.2f} is small beside them, so it is taken for fees, interest or "
        "prices of sales, and no flow is assumed: it stays beside the balance, and our equity "
        f"{abs(amount):,.2f} {'below' if amount > 0 else 'above'} the statement's. If it was paid in or out, "
        "or to make both equal, `sigmasight capital-flows add` adds it."
    )
    return (sentence,)


def _not_listed(
    balance: Decimal, known: Decimal, traded: Sequence[Decimal] | None, last: date
) -> tuple[str, ...]:
    """What is said of a balance that the statement does not list: spent, paid out or forgotten."""
    left = balance + known + sum(traded or (), Decimal(0))
    if abs(left) <= max(EXPLAINED * sum(map(abs, traded or ()), Decimal(0)), _WORTH_NAMING):
        return ()
    sentence = (
        f"The statement lists no cash, where the one of {last} had {balance:,.2f}. With trades, dividends "
        f"and known flows since, {left:,.2f} is kept beside the positions. If it was paid out, `sigmasight "
        "capital-flows add` adds the withdrawal; if not, list the balance in the next statement."
    )
    return (sentence,)


def _corrected(corrected: Sequence[Decimal], as_of: date) -> tuple[Decimal, tuple[str, ...]]:
    """The flow that makes good what an earlier flow counted for sales that this statement tells otherwise."""
    amount = -sum(corrected, Decimal(0)).quantize(CENT)
    if is_small(amount, corrected):
        return Decimal(0), ()
    what = f"a {named(amount)} on {as_of}"
    sentence = f"Sales that an earlier statement told otherwise counted in its flow: {what} makes it good."
    return amount, (sentence,)


def _unchanged(
    balance: Decimal, known: Decimal, traded: Sequence[Decimal] | None, last: date
) -> tuple[str, ...]:
    """What is said of a balance that trades should have changed: perhaps nobody brought it up to date."""
    left = known + sum(traded or (), Decimal(0))
    if abs(left) <= EXPLAINED * abs(balance):
        return ()
    done = f"brought {left:,.2f}" if left > 0 else f"cost {-left:,.2f}"
    sentence = (
        f"Cash is {balance:,.2f} as before, while trades, dividends and known flows since {last} {done}: it "
        "is kept beside the balance. If the balance is an old one, load the statement with the new one; if "
        "not, `sigmasight capital-flows add` adds what was paid in or out."
    )
    return (sentence,)
