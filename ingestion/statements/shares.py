"""Restate new lots in the shares of their entry, where a split lies between it and the statement.

A statement may list such a lot as it was bought, or in the shares of its own date. The price tells which: it
is near the close of the entry as traded, or near that close in later shares. A download is always in the
shares of its date.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple
from uuid import UUID

from ingestion.errors import PositionsFileError
from ingestion.market.occ import build_occ
from ingestion.raw.loads import Connection
from ingestion.statements.actions.splits import Splits, ratio_since_entry, split_ratio, traded_symbol
from ingestion.statements.columns import COLUMNS, ENTRY_PRICE
from ingestion.statements.known import known_lots, recognized
from ingestion.statements.notices import plain, shortened
from ingestion.statements.rows import Lot

SharesAsOf = Literal["entry", "statement"]

# the newest close of the week before the entry: an entry between two sessions has no close of its own
_CLOSES = """
select asked.symbol, asked.entry_date, found.price_date, found.close
from unnest(%s::text[], %s::date[]) as asked (symbol, entry_date)
cross join lateral (
    select prices.price_date, prices.close
    from raw.prices as prices
    where
        prices.symbol = asked.symbol
        and prices.source <> 'simulated'
        and prices.price_date > asked.entry_date - 7
        and prices.price_date <= asked.entry_date
    order by prices.price_date desc, prices.load_id desc
    limit 1
) as found
"""

_NEAR = Decimal("0.15")  # a price of a day, relative to its close
_STEP = Decimal("0.000001")  # of a stored quantity or price

Closes = dict[tuple[str, date], Decimal]


class DatedClose(NamedTuple):
    """A close in the shares of the day that was asked for, and its own day."""

    price: Decimal
    day: date


@dataclass(frozen=True)
class BoughtLots:
    """The lots of a statement in the shares of their entries, and the rows for which those are unknown."""

    lots: tuple[Lot, ...]
    notices: tuple[str, ...]
    errors: tuple[PositionsFileError, ...]


def lots_as_bought(
    connection: Connection,
    portfolio: UUID,
    lots: Sequence[Lot],
    as_of: date,
    *,
    splits: Splits,
    shares_as_of: SharesAsOf | None,
) -> BoughtLots:
    """The lots in the shares of their entries.

    splits: of the symbols that the lots trade in. shares_as_of: decides for all lots that are not known yet.
    """
    if not splits:
        return BoughtLots(tuple(lots), (), ())
    found = recognized(lots, known_lots(connection, portfolio), splits, as_of)
    ratios = [ratio_since_entry(lot, splits, as_of) for lot in lots]
    asked = {(traded_symbol(lot), lot.entry_date) for lot in lots if traded_symbol(lot) in splits}
    closes = closes_on(connection, asked, splits)
    bought, errors = [], []
    for lot, known, ratio in zip(lots, found, ratios, strict=True):
        close = closes.get((traded_symbol(lot), lot.entry_date))
        listed = shares_as_of or _listed_shares(lot, ratio, close)
        if known is None and ratio != 1 and listed is None:
            errors.append(_undecided(lot, ratio, close))
        bought.append(known or (before_split(lot, ratio) if listed == "statement" else lot))
    return BoughtLots(tuple(bought), tuple(_notices(lots, bought)), tuple(errors))


def before_split(lot: Lot, ratio: Decimal) -> Lot:
    """A lot that is listed in later shares, in the shares of its entry."""
    if ratio == 1:
        return lot
    contract = lot.contract and replace(lot.contract, strike_price=lot.contract.strike_price * ratio)
    return replace(
        lot,
        symbol=(contract and build_occ(contract)) or lot.symbol,
        contract=contract,
        quantity=(lot.quantity / ratio).quantize(_STEP),
        entry_price=(lot.entry_price * ratio).quantize(_STEP),
    )


def closes_on(connection: Connection, asked: Collection[tuple[str, date]], splits: Splits) -> Closes:
    """The newest closes of the week up to each day, in the shares of that day, by symbol and day."""
    return {key: close.price for key, close in dated_closes(connection, asked, splits).items()}


def dated_closes(
    connection: Connection, asked: Collection[tuple[str, date]], splits: Splits
) -> dict[tuple[str, date], DatedClose]:
    """The same closes with their days, which may be before the days that were asked for."""
    rows = connection.execute(_CLOSES, [[symbol for symbol, _ in asked], [day for _, day in asked]])
    return {
        (symbol, day): DatedClose(close / split_ratio(splits.get(symbol, []), price_date, day), price_date)
        for symbol, day, price_date, close in rows
    }


def _listed_shares(lot: Lot, ratio: Decimal, close: Decimal | None) -> SharesAsOf | None:
    """The date in whose shares a lot is listed; None if its price does not tell."""
    if close is None:
        return None
    price = lot.entry_price
    if lot.contract is None:
        is_as_bought, is_later = _is_near(price, close), _is_near(price, close / ratio)
        return "entry" if is_as_bought else "statement" if is_later else None
    is_as_bought, is_later = _is_possible(lot, close), _is_possible(lot, close / ratio)
    if is_as_bought == is_later:
        strike = lot.contract.strike_price
        is_as_bought, is_later = _is_near(strike, close), _is_near(strike, close / ratio)
    if is_as_bought == is_later:
        return None
    return "entry" if is_as_bought else "statement"


def _is_near(price: Decimal, close: Decimal) -> bool:
    return abs(price - close) <= _NEAR * close


def _is_possible(lot: Lot, close: Decimal) -> bool:
    """Whether an option's price is at least its intrinsic value, and a call's at most its underlying's."""
    assert lot.contract is not None  # noqa: S101 - asked of options only
    strike, least, most = lot.contract.strike_price, close * (1 - _NEAR), close * (1 + _NEAR)
    if lot.contract.option_type == "CALL":
        return least - strike <= lot.entry_price <= most
    return strike - most <= lot.entry_price <= strike


def _undecided(lot: Lot, ratio: Decimal, close: Decimal | None) -> PositionsFileError:
    underlying = traded_symbol(lot)
    if close is None:
        reason = f"no close of {underlying} on that day is known"
    elif lot.contract is None:
        reason = (
            f"{lot.entry_price} is near neither that day's close of {plain(close)} nor its equivalent now"
        )
    else:
        reason = f"price and strike do not tell at that day's close of {plain(close)}"
    sentence = (
        f"{lot.symbol} was split since {lot.entry_date} (now {plain(ratio)} for 1), and {reason}; correct "
        "the row, or say with --shares-as-of entry or --shares-as-of statement in whose shares the file is."
    )
    return PositionsFileError("ERR_POS_025", lot.line, COLUMNS[ENTRY_PRICE], str(lot.entry_price), sentence)


def _notices(lots: Iterable[Lot], bought: Iterable[Lot]) -> list[str]:
    notices = [
        f"Row {lot.line}: {plain(lot.quantity)} {lot.symbol} at {plain(lot.entry_price)} are "
        f"{plain(kept.quantity)} {kept.symbol} bought at {plain(kept.entry_price)} before a split, "
        "and kept as that."
        for lot, kept in zip(lots, bought, strict=True)
        if lot is not kept
    ]
    return shortened(notices)
