"""The capital flow in a statement whose cash changed by more than its trades explain.

Cash that was raised without a sale came from outside: a contribution of the statement's date. Sales,
purchases, dividends and flows that are known already explain their part. Without a price for one of them the
flow is unknown, and a notice asks for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pandas as pd

from ingestion.market.calendar import session_on_or_before
from ingestion.raw.datasets import CAPITAL_FLOWS
from ingestion.raw.ids import flow_id
from ingestion.raw.loads import Connection
from ingestion.statements.actions.splits import traded_symbol_of
from ingestion.statements.actions.successors import Became, Successors, read_successors
from ingestion.statements.money.cash_lots import is_cash_row
from ingestion.statements.money.values import CENT, row_value
from ingestion.statements.parts import Row, is_withdrawn, lot_id

NOTES = "Change of cash by the statement of {}"

# a sale at a session's close by omission, and small cash that no row states, such as interest and fees
_EXPLAINED = Decimal("0.01")  # of the trades and dividends

_WORTH_NAMING = Decimal(1)  # USD; less is rounding

_FLOWS = """
select flow_id::text, amount, flow_date from raw.newest_capital_flows
where portfolio_id = %s and amount <> 0
"""
_CLOSES = """
select distinct on (symbol, day) symbol, day, price
from (
    select symbol, price_date as day, close as price, load_id
    from raw.prices
    where symbol = any(%(symbols)s) and price_date = any(%(days)s)
    union all
    select symbol, quote_date, case when bid > 0 and ask > 0 then (bid + ask) / 2 else last end, load_id
    from raw.option_quotes
    where symbol = any(%(symbols)s) and quote_date = any(%(days)s)
) as known
where price is not null
order by symbol, day, load_id desc
"""

Closes = Mapping[tuple[str, date], Decimal]


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
        values = [self.flow_id, str(self.portfolio), self.day, self.amount, NOTES.format(self.day)]
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
    key = str(flow_id(portfolio, as_of, NOTES.format(as_of), 1))
    flows = {one: (amount, day) for one, amount, day in connection.execute(_FLOWS, [portfolio])}
    loaded = flows.pop(key, (Decimal(0), as_of))[0]
    last = max((row["statement_date"] for row in before if row["statement_date"]), default=as_of)
    known = sum((amount for amount, day in flows.values() if last < day <= as_of), Decimal(0))
    if last == as_of:  # the first one
        return (CashFlow(key, portfolio, as_of, Decimal(0), loaded) if loaded else None), Decimal(0), ()
    traded = _traded(connection, before, after, (last, as_of))
    start, end = _cash(before, as_of), _cash(after, as_of)
    amount, notices = Decimal(0), tuple[str, ...]()
    if start is not None and end is not None:
        amount, notices = _unexplained((start, end), known, traded, (last, as_of))
    elif start is not None:
        notices = _not_listed(start, known, traded, last)
    beside = None if traded is None else known + sum(traded, amount) - ((end or 0) - (start or 0))
    flow = None if amount == loaded else CashFlow(key, portfolio, as_of, amount, loaded)
    return flow, beside, notices


def settled_price(connection: Connection, row: Row) -> Decimal | None:
    """What a contract that ended is settled at, USD per share; None without a price, or with other terms."""
    successors = read_successors(connection, {traded_symbol_of(row)})
    became = _became(row, successors, _end(row))
    if became.is_other or became.ratio != 1 or became.strike_cut or became.ended_on is not None:
        return None
    close = row["exit_price"] or _closes(connection, [row], successors).get(
        (_priced_by(row, successors), _session(row))
    )
    return close if close is None or row["exit_date"] else _intrinsic(row, became, close)


def _unexplained(
    balances: tuple[Decimal, Decimal],
    known: Decimal,
    traded: Sequence[Decimal] | None,
    period: tuple[date, date],
) -> tuple[Decimal, tuple[str, ...]]:
    """The change of cash that neither trades nor known flows explain. period: both statements' dates."""
    (start, end), (last, as_of) = balances, period
    if start == end:
        return Decimal(0), _unchanged(end, known, traded, last)
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


def _traded(
    connection: Connection, before: Sequence[Row], after: Sequence[Row], period: tuple[date, date]
) -> list[Decimal] | None:
    """What sales, purchases, expiries and dividends brought or cost; None if a price is missing."""
    last, as_of = period
    held = [row for row in before if not is_cash_row(row) and not is_withdrawn(row)]
    now = [row for row in after if not is_cash_row(row) and not is_withdrawn(row)]
    lots = {lot_id(row) for row in held}
    sold = [row for row in _sold(held, now) if lot_id(row) in lots or row["exit_date"] > last]
    ended = [*sold, *(row for row in now if _has_expired(row, last, as_of))]
    successors = read_successors(connection, {traded_symbol_of(row) for row in (*held, *now)})
    merged = [(row, _became(row, successors, as_of)) for row in now]
    merged = [(row, became) for row, became in merged if became.ended_on is not None]
    gone = {row["position_id"] for row, _ in merged}
    ended = [row for row in ended if row["position_id"] not in gone]
    closes = _closes(connection, ended, successors)
    amounts = [_proceeds(row, successors, closes) for row in ended]
    if None in amounts:
        return None
    bought = [row for row in now if lot_id(row) not in lots and row["entry_date"] > last]
    amounts += [-row_value(row, row["entry_price"]) for row in bought]
    amounts += [_paid_out(row, became) for row, became in merged if _is_in(became.ended_on, period)]
    received = _received(now, successors, period)
    return [amount for amount in amounts if amount is not None] + received


def _sold(held: Iterable[Row], now: Iterable[Row]) -> list[Row]:
    """Sales that are new, and with the opposite sign those that an earlier statement told otherwise."""
    before, after = _exits(held), _exits(now)
    undone = [{**row, "quantity": -row["quantity"]} for key, row in before.items() if key not in after]
    return [*(row for key, row in after.items() if key not in before), *undone]


def _exits(rows: Iterable[Row]) -> dict[tuple[Any, ...], Row]:
    told = ("position_id", "exit_date", "exit_price", "quantity")
    return {tuple(row[name] for name in told): row for row in rows if row["exit_date"]}


def _has_expired(row: Row, last: date, as_of: date) -> bool:
    expiration: date | None = row["expiration_date"]
    return row["exit_date"] is None and expiration is not None and last < expiration <= as_of


def _is_in(day: date | None, period: tuple[date, date]) -> bool:
    return day is not None and period[0] < day <= period[1]


def _end(row: Row) -> date:
    end: date = row["exit_date"] or row["expiration_date"]
    return end


def _became(row: Row, successors: Successors, day: date) -> Became:
    """What the row's share, or its underlying's, is on its exit or expiry, at the latest on a day."""
    until = min(filter(None, (day, row["exit_date"], row["expiration_date"])))
    return successors.became(traded_symbol_of(row), row["entry_date"], until)


def _closes(connection: Connection, rows: Iterable[Row], successors: Successors) -> Closes:
    asked = {(_priced_by(row, successors), _session(row)) for row in rows if row["exit_price"] is None}
    symbols, days = sorted({symbol for symbol, _ in asked}), sorted({day for _, day in asked})
    found = connection.execute(_CLOSES, {"symbols": symbols, "days": days})
    return {(symbol, day): close for symbol, day, close in found}


def _priced_by(row: Row, successors: Successors) -> str:
    if row["exit_date"] and row["underlying_symbol"]:
        return str(row["symbol"])
    became = successors.became(traded_symbol_of(row), row["entry_date"], _end(row))
    return successors.listed(became.symbol, _end(row))


def _session(row: Row) -> date:
    return session_on_or_before(_end(row))


def _proceeds(row: Row, successors: Successors, closes: Closes) -> Decimal | None:
    """The value of a lot at its exit, or its intrinsic value at its expiry; None if a price is missing."""
    became = successors.became(traded_symbol_of(row), row["entry_date"], _end(row))
    at_end = {**row, "quantity": row["quantity"] * became.ratio}
    if row["exit_price"] is not None:
        return row_value(at_end, row["exit_price"])
    close = closes.get((_priced_by(row, successors), _session(row)))
    if close is None:
        return None
    return row_value(at_end, close if row["exit_date"] else _intrinsic(row, became, close))


def _paid_out(row: Row, became: Became) -> Decimal:
    """What a merger for cash pays: for a share, or for the intrinsic value of a contract."""
    price = became.end / became.ratio
    at_end = {**row, "quantity": row["quantity"] * became.ratio}
    return row_value(at_end, _intrinsic(row, became, price) if row["strike_price"] else price)


def _intrinsic(row: Row, became: Became, close: Decimal) -> Decimal:
    sign = 1 if row["option_type"] == "CALL" else -1
    strike: Decimal = (row["strike_price"] - became.strike_cut) / became.ratio
    return max((close - strike) * sign, Decimal(0))


def _received(rows: Sequence[Row], successors: Successors, period: tuple[date, date]) -> list[Decimal]:
    """Dividends of lots that were held on their ex-dates, and the cash of mergers into shares."""
    return [
        row["quantity"] * amount
        for row in rows
        if row["investment_class"] == "PUBLIC"
        for day, amount in _became(row, successors, period[1]).received
        if _is_in(day, period)
    ]
