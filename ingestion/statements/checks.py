"""What looks wrong about a statement that has no error: a user confirms it before it is loaded.

ASK_NAME      a new portfolio whose name is close to that of a known one
ASK_PRICE     an entry or exit price far from that day's close
ASK_OPTION    an option that costs more than it can be worth
ASK_EXERCISE  shares at the strike of an option that ended, which is settled in cash
ASK_LATE      a lot that the last statement should have listed
ASK_OPENING   a download whose positions have neither a price nor a value, so that it opens at their cost
ASK_BOND      a bond that is listed by its face value, with a price in percent of it
ASK_QUANTITY  one position out of proportion to the equity
ASK_GROSS     all positions out of proportion to the equity
ASK_SYMBOL    a symbol that no source has a price for
ASK_CHANGED   a statement that shares few symbols with the one before
ASK_EQUITY    a broker's total far from our equity
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ingestion.errors import FileFinding
from ingestion.market.calendar import session_on_or_before
from ingestion.market.occ import OptionContract, parse_occ
from ingestion.market.symbols import normalize_symbol
from ingestion.raw.loads import Connection
from ingestion.statements.actions.splits import Splits, read_splits, traded_symbol, traded_symbol_of
from ingestion.statements.columns import COLUMNS, ENTRY_DATE, ENTRY_PRICE, EXIT_PRICE, QUANTITY, SYMBOL
from ingestion.statements.load import PreparedStatement
from ingestion.statements.money.counted_twice import deliveries, listed_late
from ingestion.statements.money.trades import settled_price
from ingestion.statements.money.values import entry_value
from ingestion.statements.notices import plain
from ingestion.statements.parts import Row, is_open
from ingestion.statements.preview import unpriced_symbols
from ingestion.statements.reconcile import Change
from ingestion.statements.rows import Lot
from ingestion.statements.shares import Closes, DatedClose, closes_on, dated_closes
from ingestion.wording import joined

_CASH = frozenset({"CASH", "MONEY_MARKET"})
# an ISIN, or a CUSIP with digits where a ticker has none
_IDENTIFIER = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]|[0-9]{5}[A-Z0-9]{3}[0-9]", re.ASCII)
_LEAST_FACE_VALUE, _PERCENT_OF_FACE = 1000, (20, 250)
_IF_TRANSFERRED = (
    " If it came from another account, add its value with `sigmasight capital-flows add` first, and give "
    "--entry-price {symbol}={close}: at its old cost, a gain of years would count as one of that day."
)
_IF_UNSURE = (
    " It is what the download's cost is above that of our lots, of which some were sold: where your broker "
    "counted other lots as sold than the oldest, it was bought at another price; --entry-price {symbol}=USD "
    "gives what was paid."
)
_IF_SOLD_SINCE = (
    " It is what the download's cost is above that of the download of {since}: if some were sold since, or "
    "your broker restated their cost, it was bought at another price; --entry-price {symbol}=USD gives what "
    "was paid."
)
_UNSURE_PERCENT = Decimal(2)  # away from the market, of a price that sales may make wrong
_FEWEST_SYMBOLS = 4  # of both statements; of fewer, one trade changes half
_TRADED_AT = """
select asked.symbol, min(least(days.low, days.close)), max(greatest(days.high, days.close))
from unnest(%s::text[], %s::date[]) as asked (symbol, since)
cross join lateral (
    select distinct on (prices.price_date) prices.low, prices.high, prices.close
    from raw.prices as prices
    where
        prices.symbol = asked.symbol
        and prices.source <> 'simulated'
        and prices.price_date > asked.since
        and prices.price_date <= %s
    order by prices.price_date, prices.load_id desc
) as days
group by asked.symbol
"""


@dataclass(frozen=True)
class Thresholds:
    """From where on a statement is asked about; percent and multiples of equity."""

    price_percent: Decimal
    position_to_equity: Decimal
    gross_to_equity: Decimal
    changed_symbols_percent: Decimal
    equity_gap_percent: Decimal


class Question(FileFinding):
    """One thing to confirm."""


def questions(
    connection: Connection,
    prepared: PreparedStatement,
    thresholds: Thresholds,
    *,
    has_asked_for_prices: bool = False,
) -> tuple[Question, ...]:
    """What to confirm before the statement is loaded, in the order of the module's list.

    has_asked_for_prices: a source was asked for the symbols, and has no price of those without one. What a
    statement repeats unchanged is not asked again. Read-only.
    """
    lots = [lot for lot in prepared.lots if not _is_cash(lot)]
    splits = read_splits(connection, {traded_symbol(lot) for lot in lots})
    found = [
        *_prices(connection, prepared, lots, splits, thresholds.price_percent),
        *_options(connection, prepared, lots, splits),
        *_deliveries(connection, prepared, lots),
        *_late(prepared, lots),
        *_bonds(prepared, lots),
        *_exposures(prepared, lots, thresholds),
    ]
    if has_asked_for_prices:
        known = {traded_symbol_of(row) for row in prepared.before}
        unpriced = unpriced_symbols(connection, prepared.statement.lots)
        found += [_unpriced(symbol, lots) for symbol in unpriced if symbol not in known]
    else:
        found += _opened_at_cost(prepared)
    found += _changed_symbols(prepared, lots, thresholds.changed_symbols_percent)
    reconciliation = prepared.reconciliation
    if reconciliation is not None and reconciliation.gap * 100 > thresholds.equity_gap_percent:
        value = f"{reconciliation.theirs:.2f}"
        sentence = reconciliation.sentence + _kept_start(prepared)
        found.append(Question("ASK_EQUITY", None, "equity_balance", value, sentence))
    return (*_names(prepared), *found)


def _kept_start(prepared: PreparedStatement) -> str:
    """What a corrected first statement keeps of the one that it replaces, and the remedy; '' elsewhere."""
    start = prepared.portfolio.initial_equity
    if prepared.known is None or prepared.before or start != prepared.known.initial_equity:
        return ""
    return (
        f" The portfolio still starts with {start:,.2f}, as when this statement was loaded first; --equity "
        "sets another start."
    )


def _names(prepared: PreparedStatement) -> Iterator[Question]:
    name = prepared.portfolio.portfolio_name
    if prepared.suggestion is not None:
        sentence = f"{name!r} would be a new portfolio; {prepared.suggestion}"
        yield Question("ASK_NAME", None, "portfolio_name", name, sentence)


def _is_cash(lot: Lot) -> bool:
    return lot.investment_subtype in _CASH


# --- prices ------------------------------------------------------------------------------------------------


def _stated_prices(prepared: PreparedStatement, lots: Collection[Lot]) -> Iterator[tuple[Lot, bool]]:
    """Public lots that the statement adds or sells; True for the price of the exit, False for the entry's.

    The entry of a download's lot is an average cost of no day, unless it was bought since the last statement.
    """
    last = max((row["statement_date"] for row in prepared.before if row["statement_date"]), default=None)
    changed = {
        (row["symbol"], row["entry_date"], row["entry_price"], row["exit_date"]): change.kind
        for change in prepared.rows.changes
        if (row := change.row) and change.kind != "unchanged"
    }
    for lot in lots:
        kind = changed.get((lot.symbol, lot.entry_date, lot.entry_price, lot.exit_date))
        if lot.investment_class != "PUBLIC" or kind is None:
            continue
        is_average = bool(prepared.statement.listed) and (last is None or lot.entry_date <= last)
        if kind == "new" and not is_average:
            yield lot, False
        if lot.exit_price is not None:
            yield lot, True


def _prices(
    connection: Connection,
    prepared: PreparedStatement,
    lots: Collection[Lot],
    splits: Splits,
    percent: Decimal,
) -> Iterator[Question]:
    stated = list(_stated_prices(prepared, lots))
    asked = {(lot.symbol, (is_exit and lot.exit_date) or lot.entry_date) for lot, is_exit in stated}
    closes = dated_closes(connection, asked, splits)
    unsure = prepared.statement.unsure
    traded = _traded_at(connection, unsure, prepared.statement.as_of)
    for lot, is_exit in stated:
        day = (is_exit and lot.exit_date) or lot.entry_date
        price = (is_exit and lot.exit_price) or lot.entry_price
        close = closes.get((lot.symbol, day))
        if not is_exit and lot.symbol in unsure:
            since = unsure[lot.symbol]
            wrong = _if_unsure(lot, close, traded.get(lot.symbol), since, min(percent, _UNSURE_PERCENT))
        else:
            wrong = _if_far(lot, price, day, close, percent, is_listed=bool(prepared.statement.listed))
        if wrong is not None:
            field = COLUMNS[EXIT_PRICE if is_exit else ENTRY_PRICE]
            sentence = f"{lot.symbol} at {plain(price)} on {day} is {wrong}"
            yield Question("ASK_PRICE", lot.line, field, plain(price), sentence)


def _if_far(
    lot: Lot, price: Decimal, day: date, close: DatedClose | None, percent: Decimal, *, is_listed: bool
) -> str | None:
    """What is wrong with a price that is far from its day's close. is_listed: by a download."""
    if not close or not close.price or _percent_away(price, close.price) <= percent:
        return None
    remedy = _IF_TRANSFERRED.format(symbol=lot.symbol, close=plain(close.price)) if is_listed else ""
    return f"{_away(price, close.price)} {_named(close, day)}.{remedy}"


def _if_unsure(
    lot: Lot,
    close: DatedClose | None,
    traded: tuple[Decimal, Decimal] | None,
    since: date | None,
    percent: Decimal,
) -> str | None:
    """What is wrong with a price that sales may make wrong, if the symbol did not have it.

    traded: the lowest and the highest price since the download with which the cost is compared.
    """
    if traded:
        low, high = traded
        where = f"what it traded at since {since} ({plain(low)} to {plain(high)})"
    elif close:
        low = high = close.price
        where = _named(close, lot.entry_date)
    else:
        return None
    nearest = min(max(lot.entry_price, low), high)
    if _percent_away(lot.entry_price, nearest) <= percent:
        return None
    reason = (_IF_SOLD_SINCE if since else _IF_UNSURE).format(symbol=lot.symbol, since=since)
    return f"{_away(lot.entry_price, nearest)} {where}.{reason}"


def _named(close: DatedClose, day: date) -> str:
    """A close in words: that of the day, or of the session before a day without one; else the last known."""
    if close.day == session_on_or_before(day):
        return f"that day's close of {plain(close.price)}"
    return f"the last known close, {plain(close.price)} of {close.day}"


def _traded_at(
    connection: Connection, unsure: Mapping[str, date | None], as_of: date
) -> dict[str, tuple[Decimal, Decimal]]:
    """The lowest and the highest price since the download with which the cost of a symbol is compared."""
    since = {symbol: day for symbol, day in unsure.items() if day is not None}
    if not since:
        return {}
    rows = connection.execute(_TRADED_AT, [list(since), list(since.values()), as_of])
    return {symbol: (low, high) for symbol, low, high in rows}


def _percent_away(price: Decimal, market: Decimal) -> Decimal:
    return abs(price / market - 1) * 100


def _away(price: Decimal, market: Decimal) -> str:
    side = "above" if price > market else "below"
    return f"{plain(round(_percent_away(price, market), 1))} % {side}"


def _options(
    connection: Connection, prepared: PreparedStatement, lots: Collection[Lot], splits: Splits
) -> Iterator[Question]:
    priced = list(_option_prices(prepared, lots))
    asked = {(contract.underlying_symbol, day) for _, _, contract, _, day in priced}
    closes: Closes = closes_on(connection, asked, splits)
    for line, symbol, contract, price, day in priced:
        is_call = contract.option_type == "CALL"
        most = closes.get((contract.underlying_symbol, day)) if is_call else contract.strike_price
        if most is not None and price > most:
            what = f"{contract.underlying_symbol}'s close of" if is_call else "its strike of"
            sentence = (
                f"{symbol} at {plain(price)} on {day} costs more than {what} {plain(most)}; the price of an "
                "option is per share of the underlying (5.08, not 508)."
            )
            yield Question("ASK_OPTION", line, COLUMNS[ENTRY_PRICE], plain(price), sentence)


def _option_prices(
    prepared: PreparedStatement, lots: Collection[Lot]
) -> Iterator[tuple[int, str, OptionContract, Decimal, date]]:
    """Line, symbol, contract, price and its day: of new lots, or by a download's marks."""
    new = {
        (change.row["symbol"], change.row["entry_date"])
        for change in prepared.rows.changes
        if change.kind == "new"
    }
    for lot in () if prepared.statement.listed else lots:
        if lot.contract is not None and (lot.symbol, lot.entry_date) in new:
            yield lot.line, lot.symbol, lot.contract, lot.entry_price, lot.entry_date
    for holding in prepared.statement.listed:
        contract = parse_occ(normalize_symbol(holding.symbol))
        if contract is not None and holding.market_price is not None:
            yield holding.line, holding.symbol, contract, holding.market_price, prepared.statement.as_of


# --- the portfolio's cash ----------------------------------------------------------------------------------


def _deliveries(
    connection: Connection, prepared: PreparedStatement, lots: Collection[Lot]
) -> Iterator[Question]:
    for one in deliveries(prepared.before, prepared.rows.changes, prepared.statement.as_of):
        settled, contract = settled_price(connection, one.option), one.option["symbol"]
        if settled == 0 and one.price == one.option["strike_price"]:
            continue  # nothing counts twice
        end = one.option["exit_date"] or one.option["expiration_date"]
        remedy = "give the shares the price at which that is the same money: the strike and its value"
        if settled is not None:
            beside = plain(one.price_beside(settled))
            remedy = f"give the shares {beside} as their price, with which that is the same money"
            if prepared.statement.listed and not one.is_exit:
                remedy += f" (--entry-price {one.row['symbol']}={beside})"
        field = COLUMNS[EXIT_PRICE if one.is_exit else ENTRY_PRICE]
        sentence = (
            f"{one.row['symbol']} at {plain(one.price)} on {one.day} looks like an exercise or assignment of "
            f"{contract}: the option is settled in cash at its value"
            f"{'' if settled is None else f' of {plain(settled)}'} on {end}, so its gain or loss would count "
            f"twice; {remedy}."
        )
        yield Question("ASK_EXERCISE", _line(one.row, lots), field, plain(one.price), sentence)


def _late(prepared: PreparedStatement, lots: Collection[Lot]) -> Iterator[Question]:
    since = " If it was bought since, --entry-date gives the day." if prepared.statement.listed else ""
    for row, last in listed_late(prepared.before, prepared.rows.changes):
        day = row["entry_date"]
        sentence = (
            f"{row['symbol']} of {day} is not in the statement of {last}: it would count as bought on {day} "
            f"out of the portfolio's cash, and change every figure since.{since} If it came from outside, "
            "add its value with `sigmasight capital-flows add` first, and enter it on the day and at the "
            "close on which it came; if it was forgotten, load it as it is where the cash that the "
            "statements list has paid for it, else give --equity the capital with its cost."
            f"{_if_corrected(row, prepared.rows.changes)}"
        )
        yield Question("ASK_LATE", _line(row, lots), COLUMNS[ENTRY_DATE], str(day), sentence)


def _if_corrected(row: Row, changes: Iterable[Change]) -> str:
    """What is said of a late lot beside one that ends with the statement, and differs in its day or price."""
    terms = ("symbol", "quantity")
    for old in (change.row for change in changes if change.kind == "closed"):
        is_one = old["entry_date"] == row["entry_date"] or old["entry_price"] == row["entry_price"]
        if is_one and all(old[name] == row[name] for name in terms):
            day, price = old["entry_date"], plain(old["entry_price"])
            return (
                f" If it corrects the one of {day} at {price}, which counts as sold now, list that too, with "
                f"{day} as Exit Date and {price} as Exit Price: then it never counts."
            )
    return ""


def _opened_at_cost(prepared: PreparedStatement) -> Iterator[Question]:
    if prepared.known is None and prepared.valued_at_cost:
        start = f"{prepared.portfolio.initial_equity:,.2f}"
        sentence = (
            f"{joined(prepared.valued_at_cost)}: no price of {prepared.statement.as_of} is known and the "
            f"download has no value, so the portfolio would start with an equity of {start}, in which they "
            "count at cost. Load it without --no-build, which fetches prices first, or give --equity."
        )
        yield Question("ASK_OPENING", None, "equity_balance", start, sentence)


def _line(row: Row, lots: Collection[Lot]) -> int | None:
    """The line of the file that lists a row's lot."""
    same = (lot for lot in lots if (lot.symbol, lot.entry_date) == (row["symbol"], row["entry_date"]))
    return next((lot.line for lot in same if lot.entry_price == row["entry_price"]), None)


# --- bonds -------------------------------------------------------------------------------------------------


def _bonds(prepared: PreparedStatement, lots: Collection[Lot]) -> Iterator[Question]:
    new = {change.row["symbol"] for change in prepared.rows.changes if change.kind == "new"}
    for lot in () if prepared.statement.listed else lots:
        if lot.symbol in new and _is_by_face_value(lot):
            what = f"{plain(lot.quantity)} {lot.symbol} at {plain(lot.entry_price)}"
            sentence = (
                f"{what} count as {entry_value(lot):,.2f}, quantity times price. If they are a face value "
                f"and a price in percent of it, divide the quantity by 100: {plain(lot.quantity / 100)}."
            )
            yield Question("ASK_BOND", lot.line, COLUMNS[QUANTITY], plain(lot.quantity), sentence)


def _is_by_face_value(lot: Lot) -> bool:
    is_bond = lot.investment_subtype == "BOND" or _IDENTIFIER.fullmatch(lot.symbol) is not None
    return (
        is_bond
        and lot.contract is None
        and abs(lot.quantity) >= _LEAST_FACE_VALUE
        and (_PERCENT_OF_FACE[0] < lot.entry_price < _PERCENT_OF_FACE[1])
    )


# --- proportions -------------------------------------------------------------------------------------------


def _exposures(
    prepared: PreparedStatement, lots: Collection[Lot], thresholds: Thresholds
) -> Iterator[Question]:
    equity = prepared.equity
    changed = {change.row["symbol"] for change in prepared.rows.changes if change.kind in {"new", "changed"}}
    opened = [lot for lot in lots if lot.exit_date is None]
    gross = sum((abs(entry_value(lot)) for lot in opened), Decimal(0))
    by_symbol: dict[str, list[Lot]] = {}
    for lot in opened:
        by_symbol.setdefault(lot.symbol, []).append(lot)
    for symbol, own in by_symbol.items():
        value = abs(sum((entry_value(lot) for lot in own), Decimal(0)))
        if symbol in changed and value > thresholds.position_to_equity * equity:
            held = plain(sum((lot.quantity for lot in own), Decimal(0)))
            sentence = (
                f"{held} {symbol} cost {value:,.2f}, {_times(value, equity)} the equity of {equity:,.2f}."
            )
            yield Question("ASK_QUANTITY", own[0].line, COLUMNS[QUANTITY], held, sentence)
    if changed & by_symbol.keys() and gross > thresholds.gross_to_equity * equity:
        times = f"{_times(gross, equity)} the equity of {equity:,.2f}"
        sentence = f"Long and short positions cost {gross:,.2f}, {times}."
        yield Question("ASK_GROSS", None, COLUMNS[QUANTITY], f"{gross:.2f}", sentence)


def _times(value: Decimal, equity: Decimal) -> str:
    return f"{plain(round(value / equity, 1))} times" if equity > 0 else "against"


# --- symbols -----------------------------------------------------------------------------------------------


def _unpriced(symbol: str, lots: Collection[Lot]) -> Question:
    line = next((lot.line for lot in lots if traded_symbol(lot) == symbol), None)
    sentence = (
        f"No source has a price of {symbol}: correct the symbol, or give it the Investment Class PRIVATE if "
        "no exchange lists it."
    )
    return Question("ASK_SYMBOL", line, COLUMNS[SYMBOL], symbol, sentence)


def _changed_symbols(
    prepared: PreparedStatement, lots: Collection[Lot], percent: Decimal
) -> Iterator[Question]:
    as_of = prepared.statement.as_of
    before = {
        traded_symbol_of(row)
        for row in prepared.before
        if is_open(row, as_of) and row["investment_subtype"] not in _CASH
    }
    now = {traded_symbol(lot) for lot in lots if lot.exit_date is None}
    both = before | now
    if not before or len(both) < _FEWEST_SYMBOLS or len(before ^ now) * 100 <= percent * len(both):
        return
    gone, new = (joined(sorted(symbols)) or "none" for symbols in (before - now, now - before))
    sentence = (
        f"{len(before ^ now)} of {len(both)} symbols are not in both this statement and the one before: "
        f"gone {gone}; new {new}. Is it of this portfolio?"
    )
    yield Question("ASK_CHANGED", None, COLUMNS[SYMBOL], None, sentence)
