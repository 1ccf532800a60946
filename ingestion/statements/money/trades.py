"""What trades and dividends brought to a portfolio's cash, or cost."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from ingestion.market.calendar import session_on_or_before
from ingestion.raw.loads import Connection
from ingestion.statements.actions.splits import traded_symbol_of
from ingestion.statements.actions.successors import Became, Successors, read_successors
from ingestion.statements.money.cash_lots import is_cash_row
from ingestion.statements.money.values import CENT, row_value
from ingestion.statements.parts import Row, is_assumed, is_withdrawn, lot_id

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


class Trade(NamedTuple):
    """What a purchase, a sale or a payment brought to the cash, USD; None without a price.

    row: the lot of a purchase, with the quantity of all its parts, or the part that was sold.
    """

    day: date
    amount: Decimal | None
    row: Row | None = None
    is_purchase: bool = False


def trades_of(connection: Connection, rows: Iterable[Row], as_of: date) -> list[Trade]:
    """All trades and payments of lots until a day."""
    now = _securities(rows)
    bought = [
        Trade(row["entry_date"], -row_value(row, row["entry_price"]), row, is_purchase=True)
        for row in _by_lot(now).values()
        if row["spun_off_on"] is None
    ]
    return [*bought, *_brought(connection, now, as_of)]


def received_until(connection: Connection, rows: Iterable[Row], as_of: date) -> Decimal:
    """What sales, expiries, mergers and dividends of lots brought until a day, USD, as far as prices say."""
    brought = _brought(connection, _securities(rows), as_of)
    return sum((one.amount for one in brought if one.amount is not None), Decimal(0)).quantize(CENT)


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


def _brought(connection: Connection, now: Sequence[Row], as_of: date) -> list[Trade]:
    """What lots that ended, mergers and dividends brought."""
    successors = read_successors(connection, {traded_symbol_of(row) for row in now})
    became = [(row, _became(row, successors, as_of)) for row in now]
    merged = [(row, end) for row, end in became if end.ended_on is not None]
    gone = {row["position_id"] for row, _ in merged}
    ended = [row for row in now if _is_ended(row, as_of) and row["position_id"] not in gone]
    proceeds = _proceeds_of(connection, ended, successors)
    return [
        *(Trade(_told_day(row), amount, row) for row, amount in zip(ended, proceeds, strict=True)),
        *(Trade(end.ended_on, _paid_out(row, end)) for row, end in merged if end.ended_on is not None),
        *(Trade(day, amount) for day, amount in _received(became)),
    ]


def _is_ended(row: Row, as_of: date) -> bool:
    """Whether a row was sold, or held until its expiration."""
    return bool(row["exit_date"]) or bool(row["expiration_date"] and row["expiration_date"] <= as_of)


def _told_day(row: Row) -> date:
    """The day of an end; of a lot that a statement left out, the date of that statement."""
    end, stated = _end(row), row["statement_date"]
    is_left_out = is_assumed(row) and stated
    return max(end, stated) if is_left_out and session_on_or_before(stated) == end else end


def _by_lot(rows: Iterable[Row]) -> dict[str, Row]:
    """A row of each lot, with the quantity of all its parts."""
    lots: dict[str, Row] = {}
    for row in rows:
        lot = lot_id(row)
        quantity = row["quantity"] + (lots[lot]["quantity"] if lot in lots else 0)
        lots[lot] = {**row, "quantity": quantity}
    return lots


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


def _received(became: Iterable[tuple[Row, Became]]) -> Iterable[tuple[date, Decimal]]:
    """Dividends of lots that were held on their ex-dates, and the cash of mergers into shares.

    One amount for a lot and a day: a part that is sold later changes nothing that was paid before.
    """
    paid: dict[tuple[str, date], Decimal] = {}
    for row, end in became:
        if row["investment_class"] == "PUBLIC":
            for day, amount in end.received:
                key = lot_id(row), day
                paid[key] = paid.get(key, Decimal(0)) + row["quantity"] * amount
    return ((day, amount) for (_, day), amount in paid.items())
