"""The capital flow in a statement whose cash changed by more than its trades explain.

Cash that was raised without a sale came from outside: a contribution of the statement's date. Sales,
purchases, dividends and flows that are known already explain their part, since the statement that changed the
balance last: one that trades did not change was not brought up to date. Without a price for one of them the
flow is unknown, and a notice asks for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

import pandas as pd

from ingestion.portfolios.capital_flows import OF_STATEMENT
from ingestion.raw.datasets import CAPITAL_FLOWS
from ingestion.raw.ids import flow_id
from ingestion.raw.loads import Connection
from ingestion.statements.known import known_lots
from ingestion.statements.money.cash_lots import is_cash_row
from ingestion.statements.money.trades import cash_of_trades, corrections
from ingestion.statements.money.values import CENT
from ingestion.statements.parts import Row

# a sale at a session's close by omission, and small cash that no row states, such as interest and fees
_EXPLAINED = Decimal("0.01")  # of the trades and dividends

_WORTH_NAMING = Decimal(1)  # USD; less is rounding

_FLOWS = """
select flow_id::text, amount, flow_date from raw.newest_capital_flows
where portfolio_id = %s and amount <> 0
"""


@dataclass(frozen=True)
class CashFlow:
    """amount: USD, positive for a contribution; 0 removes that of an earlier version of the statement.

    earlier: the amount by that version, 0 without one.
    """

    flow_id: str
    portfolio: UUID
    day: date
    amount: Decimal
    earlier: Decimal = Decimal(0)

    def frame(self) -> pd.DataFrame:
        """The one row for raw.capital_flows."""
        values = [self.flow_id, str(self.portfolio), self.day, self.amount, OF_STATEMENT.format(self.day)]
        return pd.DataFrame([dict(zip(CAPITAL_FLOWS.columns, values, strict=True))], dtype=object)


def cash_flow(
    connection: Connection, portfolio: UUID, before: Sequence[Row], after: Sequence[Row], as_of: date
) -> tuple[CashFlow | None, Decimal | None, tuple[str, ...]]:
    """The flow to load with a statement, None if there is none or it is known, what stays beside the cash,
    and notices for the user.

    before, after: the portfolio's rows before and after the statement. Beside the cash stays what trades,
    dividends and flows brought since the last statement and neither it nor the flow shows, USD; None if a
    price is missing.
    """
    key = str(flow_id(portfolio, as_of, OF_STATEMENT.format(as_of), 1))
    flows = {one: (amount, day) for one, amount, day in connection.execute(_FLOWS, [portfolio])}
    loaded = flows.pop(key, (Decimal(0), as_of))[0]
    last = max((row["statement_date"] for row in before if row["statement_date"]), default=as_of)
    if last == as_of:  # the first one
        flow = CashFlow(key, portfolio, as_of, Decimal(0), loaded) if loaded else None
        return flow, Decimal(0), _taken_back(flow)
    known, traded = _known(flows, last, as_of), cash_of_trades(connection, before, after, (last, as_of))
    start, end = _cash(before, as_of), _cash(after, as_of)
    amount, notices = Decimal(0), tuple[str, ...]()
    if start is not None and end is None:
        notices = _not_listed(start, known, traded, last)
    elif start is not None and start == end:
        corrected = corrections(connection, before, after, _last_moved(before, last))
        amount, notices = _corrected(corrected, as_of)
        notices += _unchanged(end, known + amount, traded, last)
    elif start is not None and end is not None:
        moved = _last_moved(before, last)
        then = before if moved == last else known_lots(connection, portfolio, latest=moved)
        passed = cash_of_trades(connection, then, after, (moved, as_of))
        amount, notices = _unexplained((start, end), _known(flows, moved, as_of), passed, (moved, as_of))
    beside = None if traded is None else known + sum(traded, amount) - ((end or 0) - (start or 0))
    flow = None if amount == loaded else CashFlow(key, portfolio, as_of, amount, loaded)
    return flow, beside, (*notices, *_taken_back(flow))


def _taken_back(flow: CashFlow | None) -> tuple[str, ...]:
    if flow is None or flow.amount or not flow.earlier:
        return ()
    what = f"{'contribution' if flow.earlier > 0 else 'withdrawal'} of {abs(flow.earlier):,.2f}"
    return (f"The {what} on {flow.day} is taken back: this statement has none now.",)


def _known(flows: Mapping[str, tuple[Decimal, date]], last: date, as_of: date) -> Decimal:
    return sum((amount for amount, day in flows.values() if last < day <= as_of), Decimal(0))


def _last_moved(before: Iterable[Row], last: date) -> date:
    """The statement that changed the balance last: trades since then passed by an old balance."""
    return min(last, max((row["statement_date"] or last for row in before if is_cash_row(row)), default=last))


def _unexplained(
    balances: tuple[Decimal, Decimal],
    known: Decimal,
    traded: Sequence[Decimal] | None,
    period: tuple[date, date],
) -> tuple[Decimal, tuple[str, ...]]:
    """The change of cash that neither trades nor known flows explain. period: what it changed in."""
    (start, end), (last, as_of) = balances, period
    changed = f"Cash changed from {start:,.2f} to {end:,.2f}"
    if traded is None:
        how = "no flow is assumed; add one with `sigmasight capital-flows add`"
        return Decimal(0), (f"{changed}, but the price of a sale since {last} is not known: {how}.",)
    explained = known + sum(traded, Decimal(0))
    amount = (end - start - explained).quantize(CENT)
    if abs(amount) <= _EXPLAINED * sum(map(abs, traded), Decimal(0)):
        return Decimal(0), _small(changed, explained, amount)
    what = f"a {'contribution' if amount > 0 else 'withdrawal'} of {abs(amount):,.2f} on {as_of}"
    of_which = f", of which trades, dividends and known flows explain {explained:,.2f}" if explained else ""
    undo = "`sigmasight capital-flows list` shows its id, and `capital-flows remove` takes it back"
    return amount, (f"{changed}{of_which}: {what}. If it is not one, {undo}.",)


def _small(changed: str, explained: Decimal, amount: Decimal) -> tuple[str, ...]:
    """What is said of a rest that is small beside the trades."""
    if abs(amount) < _WORTH_NAMING:
        return ()
    sentence = (
        f"{changed}, of which trades, dividends and known flows explain {explained:,.2f}: the other "
        f"{amount:,.2f} is small beside them, so it is taken for fees, interest or prices of sales, and no "
        "flow is assumed. If it was paid in or out, `sigmasight capital-flows add` adds it."
    )
    return (sentence,)


def _not_listed(
    balance: Decimal, known: Decimal, traded: Sequence[Decimal] | None, last: date
) -> tuple[str, ...]:
    """What is said of a balance that the statement does not list: spent, paid out or forgotten."""
    left = balance + known + sum(traded or (), Decimal(0))
    if abs(left) <= max(_EXPLAINED * sum(map(abs, traded or ()), Decimal(0)), _WORTH_NAMING):
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
    if abs(amount) <= _EXPLAINED * sum(map(abs, corrected), Decimal(0)):
        return Decimal(0), ()
    what = f"a {'contribution' if amount > 0 else 'withdrawal'} of {abs(amount):,.2f} on {as_of}"
    return amount, (
        f"Sales that an earlier statement told otherwise counted in its flow: {what} makes it good.",
    )


def _unchanged(
    balance: Decimal, known: Decimal, traded: Sequence[Decimal] | None, last: date
) -> tuple[str, ...]:
    """What is said of a balance that trades should have changed: perhaps nobody brought it up to date."""
    left = known + sum(traded or (), Decimal(0))
    if abs(left) <= _EXPLAINED * abs(balance):
        return ()
    done = f"brought {left:,.2f}" if left > 0 else f"cost {-left:,.2f}"
    sentence = (
        f"Cash is {balance:,.2f} as before, while trades, dividends and known flows since {last} {done}: it "
        "is kept beside the balance. If the balance is an old one, load the statement with the new one; if "
        "not, `sigmasight capital-flows add` adds what was paid in or out."
    )
    return (sentence,)


def _cash(rows: Iterable[Row], as_of: date) -> Decimal | None:
    """The balance of the open cash lots; None without any."""
    cash = [
        row["quantity"]
        for row in rows
        if is_cash_row(row) and row["exit_date"] is None and row["entry_date"] <= as_of
    ]
    return sum(cash, Decimal(0)) if cash else None
