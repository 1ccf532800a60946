"""What trades and dividends between two statements brought to a portfolio's cash, or cost."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ingestion.market.calendar import session_on_or_before
from ingestion.raw.loads import Connection
from ingestion.statements.actions.splits import traded_symbol_of
from ingestion.statements.actions.successors import Became, Successors, read_successors
from ingestion.statements.money.cash_lots import is_cash_row
from ingestion.statements.money.values import CENT, row_value
from ingestion.statements.parts import Row, is_withdrawn, lot_id

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


def cash_of_trades(
    connection: Connection, before: Sequence[Row], after: Sequence[Row], period: tuple[date, date]
) -> list[Decimal] | None:
    """What sales, purchases, expiries and dividends brought or cost; None if a price is missing."""
    last, as_of = period
    held, now = _securities(before), _securities(after)
    lots = {lot_id(row) for row in held}
    sold = [row for row in _sold(held, now) if lot_id(row) in lots or row["exit_date"] > last]
    brought = _brought(connection, [*sold, *_expired(now, last, as_of)], now, period)
    if None in brought:
        return None
    paid = [-row_value(row, row["entry_price"]) for row in _bought(held, now, last)]
    return paid + [amount for amount in brought if amount is not None]


def received_until(connection: Connection, rows: Iterable[Row], as_of: date) -> Decimal:
    """What sales, expiries, mergers and dividends of lots brought until a day, USD, as far as prices say."""
    now, period = _securities(rows), (date.min, as_of)
    ended = [*(row for row in now if row["exit_date"]), *_expired(now, *period)]
    brought = _brought(connection, ended, now, period)
    return sum((amount for amount in brought if amount is not None), Decimal(0)).quantize(CENT)


def corrections(
    connection: Connection, before: Sequence[Row], after: Sequence[Row], until: date
) -> list[tuple[date, Decimal]]:
    """What sales of statements up to a day bring more, or less, as they are told now; [] without a price.

    Each with the date of the statement that told it first.
    """
    held, now = _securities(before), _securities(after)
    told, known = _exits(held), _exits(now)
    days: dict[str, list[date]] = {}
    for key, row in told.items():
        if key not in known and row["statement_date"] and row["statement_date"] <= until:
            days.setdefault(lot_id(row), []).append(row["statement_date"])
    # a sale of another part of the lot since then is no correction
    changed = [(_told_on(days, row), row) for row in _sold(held, now)]
    found = [(day, row) for day, row in changed if day is not None]
    rows = [row for _, row in found]
    amounts = _proceeds_of(
        connection, rows, read_successors(connection, {traded_symbol_of(row) for row in rows})
    )
    priced = [(day, amount) for (day, _), amount in zip(found, amounts, strict=True) if amount is not None]
    return priced if len(priced) == len(found) else []


def _told_on(days: Mapping[str, Sequence[date]], row: Row) -> date | None:
    """The statement that told a sale first, by the lot's; None if it is younger than they are."""
    return min((day for day in days.get(lot_id(row), ()) if row["exit_date"] <= day), default=None)


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


def _securities(rows: Iterable[Row]) -> list[Row]:
    """The rows that are neither cash nor withdrawn."""
    return [row for row in rows if not is_cash_row(row) and not is_withdrawn(row)]


def _brought(
    connection: Connection, ended: Sequence[Row], now: Sequence[Row], period: tuple[date, date]
) -> list[Decimal | None]:
    """What lots that ended, mergers and dividends brought in a period; None for a price that is missing."""
    successors = read_successors(connection, {traded_symbol_of(row) for row in (*ended, *now)})
    became = [(row, _became(row, successors, period[1])) for row in now]
    merged = [(row, end) for row, end in became if end.ended_on is not None]
    gone = {row["position_id"] for row, _ in merged}
    sold = [row for row in ended if row["position_id"] not in gone]
    return [
        *_proceeds_of(connection, sold, successors),
        *(_paid_out(row, end) for row, end in merged if _is_in(end.ended_on, period)),
        *_received(now, successors, period),
    ]


def _sold(held: Iterable[Row], now: Iterable[Row]) -> list[Row]:
    """Sales that are new, and with the opposite sign those that an earlier statement told otherwise."""
    before, after = _exits(held), _exits(now)
    undone = [{**row, "quantity": -row["quantity"]} for key, row in before.items() if key not in after]
    return [*(row for key, row in after.items() if key not in before), *undone]


def _bought(held: Iterable[Row], now: Iterable[Row], last: date) -> list[Row]:
    """Lots that were bought since the last statement, and what a corrected quantity added to others."""
    before, after = _by_lot(held), _by_lot(now)
    bought = []
    for lot, row in after.items():
        more = row["quantity"] - (before[lot]["quantity"] if lot in before else 0)
        is_known = lot in before and row["spun_off_on"] is None
        if (row["entry_date"] > last and lot not in before) or (is_known and more * row["quantity"] > 0):
            bought.append({**row, "quantity": more})
    return bought


def _by_lot(rows: Iterable[Row]) -> dict[str, Row]:
    """A row of each lot, with the quantity of all its parts."""
    lots: dict[str, Row] = {}
    for row in rows:
        lot = lot_id(row)
        quantity = row["quantity"] + (lots[lot]["quantity"] if lot in lots else 0)
        lots[lot] = {**row, "quantity": quantity}
    return lots


def _exits(rows: Iterable[Row]) -> dict[tuple[Any, ...], Row]:
    """The sales by their lots: a part of a lot has another key when the rest of the lot is sold."""
    told = ("exit_date", "exit_price", "quantity")
    return {(lot_id(row), *(row[name] for name in told)): row for row in rows if row["exit_date"]}


def _expired(rows: Iterable[Row], last: date, as_of: date) -> list[Row]:
    """The rows that were held until an expiration in the period."""
    return [row for row in rows if row["exit_date"] is None and _is_in(row["expiration_date"], (last, as_of))]


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


def _proceeds_of(connection: Connection, rows: Sequence[Row], successors: Successors) -> list[Decimal | None]:
    closes = _closes(connection, rows, successors)
    return [_proceeds(row, successors, closes) for row in rows]


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
