"""Compare the market values of a broker's download with its lots at the known prices of its date."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from ingestion.errors import PositionsFileError
from ingestion.market.calendar import session_on_or_before
from ingestion.market.symbols import normalize_symbol
from ingestion.raw.loads import Connection
from ingestion.statements.actions.splits import Splits, ratio_since_entry, split_ratio
from ingestion.statements.brokers.export import Holding
from ingestion.statements.notices import plain
from ingestion.statements.rows import Lot

_CLOSES = """
select distinct on (symbol) symbol, close
from raw.prices
where symbol = any(%s) and price_date = %s and source <> 'simulated'
order by symbol, load_id desc
"""
_QUOTES = """
select distinct on (symbol) symbol, case when bid > 0 and ask > 0 then (bid + ask) / 2 else last end
from raw.option_quotes
where symbol = any(%s) and quote_date = %s
order by symbol, load_id desc
"""

_TOLERANCE, _OPTION_TOLERANCE = Decimal("0.01"), Decimal("0.05")


def contradicted_values(
    connection: Connection, listed: Sequence[Holding], lots: Iterable[Lot], as_of: date, splits: Splits
) -> list[PositionsFileError]:
    """Errors for holdings that the lots do not reproduce within 1 % (options 5 %), where a price is known.

    splits: of the symbols that the lots trade in.
    """
    valued = [holding for holding in listed if holding.market_price and not holding.is_cash]
    if not valued:
        return []
    prices = known_prices(connection, {normalize_symbol(holding.symbol) for holding in valued}, as_of, splits)
    quantities = _quantities(lots, as_of, splits)
    errors = []
    for holding in valued:
        price = prices.get(normalize_symbol(holding.symbol))
        if price is None or not isinstance(holding.quantity, Decimal):
            continue
        error = _contradiction(holding, quantities.get(holding.line, Decimal(0)), price)
        errors += [error] if error else []
    return errors


def known_prices(
    connection: Connection, symbols: set[str], as_of: date, splits: Splits
) -> dict[str, Decimal]:
    """Closes and quotes of the download's session, per share as of its date."""
    session = session_on_or_before(as_of)
    asked = [sorted(symbols), session]
    closes = connection.execute(_CLOSES, asked).fetchall()
    prices = {symbol: close / split_ratio(splits.get(symbol, []), session, as_of) for symbol, close in closes}
    quotes = connection.execute(_QUOTES, asked).fetchall()
    return prices | {symbol: price for symbol, price in quotes if price}


def _quantities(lots: Iterable[Lot], as_of: date, splits: Splits) -> dict[int, Decimal]:
    """Shares at the download's date, by row of the download."""
    quantities: dict[int, Decimal] = {}
    for lot in lots:
        quantity = lot.quantity * ratio_since_entry(lot, splits, as_of)
        quantities[lot.line] = quantities.get(lot.line, Decimal(0)) + quantity
    return quantities


def _contradiction(holding: Holding, held: Decimal, price: Decimal) -> PositionsFileError | None:
    assert isinstance(holding.quantity, Decimal)  # noqa: S101 - checked by the caller
    assert holding.market_price is not None  # noqa: S101 - checked by the caller
    is_option = holding.investment_class == "OPTIONS"
    multiplier = 100 if is_option else 1
    # a split pays out fractions: within one share, the quantity is the same
    quantity = holding.quantity if abs(held - holding.quantity) < 1 else held
    stated = holding.quantity * multiplier * holding.market_price
    found = quantity * multiplier * price
    if abs(found - stated) <= (_OPTION_TOLERANCE if is_option else _TOLERANCE) * abs(stated):
        return None
    sentence = (
        f"The download values {plain(holding.quantity)} {holding.symbol} at {round(stated, 2):,} USD, and "
        f"{plain(quantity)} at the known price of {plain(price)} are {round(found, 2):,}, a difference of "
        f"{round((found / stated - 1) * 100, 1)} %; give the date of its prices with --statement-date, or "
        "load the splits and prices that are missing."
    )
    return PositionsFileError("ERR_PORT_008", holding.line, "Market Value", f"{round(stated, 2)}", sentence)
