"""Splits between two dates, and lots that a statement lists in the shares of a later split.

A contract splits with its underlying: its strike is divided by the ratio, its number of contracts multiplied.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from ingestion.market.occ import OptionContract, build_occ
from ingestion.raw.loads import Connection
from ingestion.statements.parts import Row
from ingestion.statements.rows import Lot

_SPLITS = """
with known as (
    select distinct on (symbol, ex_date) symbol, ex_date, value
    from raw.corporate_actions
    where action = 'split' and symbol = any(%s)
    order by symbol, ex_date, load_id desc
)
select symbol, ex_date, value from known where value is not null
"""

_PRICE_ROUNDING = Decimal("0.0001")  # of a price with four decimals
_STRIKE_STEP = Decimal("0.01")  # a strike after a split is rounded to the cent

Splits = Mapping[str, list[tuple[date, Decimal]]]


def read_splits(connection: Connection, symbols: set[str]) -> Splits:
    """Ex-dates and ratios by symbol."""
    splits: dict[str, list[tuple[date, Decimal]]] = {}
    for symbol, ex_date, ratio in connection.execute(_SPLITS, [sorted(symbols)]):
        splits.setdefault(symbol, []).append((ex_date, ratio))
    return splits


def split_ratio(splits: Iterable[tuple[date, Decimal]], after: date, until: date) -> Decimal:
    """Shares at `until` per share at `after`."""
    ratio = Decimal(1)
    for ex_date, value in splits:
        ratio *= value if after < ex_date <= until else 1
    return ratio


def traded_symbol(lot: Lot) -> str:
    """The symbol whose splits apply: an option's underlying, else the lot's own."""
    return lot.contract.underlying_symbol if lot.contract else lot.symbol


def ratio_since_entry(lot: Lot, splits: Splits, as_of: date) -> Decimal:
    """Shares at the lot's exit, or at the statement's date, per share at its entry."""
    return split_ratio(splits.get(traded_symbol(lot), []), lot.entry_date, lot.exit_date or as_of)


def traded_symbol_of(row: Row) -> str:
    """The same for a row of raw.positions."""
    return str(row["underlying_symbol"] or row["symbol"])


def listed_symbol(row: Row, ratio: Decimal) -> str:
    """The symbol under which a statement lists a known lot after splits of this ratio."""
    if row["strike_price"] is None or ratio == 1:
        return str(row["symbol"])
    strike = (row["strike_price"] / ratio).quantize(_STRIKE_STEP)
    contract = OptionContract(row["underlying_symbol"], row["expiration_date"], row["option_type"], strike)
    return build_occ(contract) or str(row["symbol"])


def as_bought(lot: Lot, bought: Sequence[Row], ratio: Decimal) -> Lot | None:
    """The lot in the shares of its entry if it is one of these known lots of its day, else None.

    ratio: of the splits since the entry; the lot may be listed in the shares of its entry or in later ones.
    """
    if any((lot.symbol, lot.entry_price) == (row["symbol"], row["entry_price"]) for row in bought):
        return lot
    rounding = _PRICE_ROUNDING * max(ratio, Decimal(1))
    same = [row for row in bought if _is_same_security(lot, row, ratio)]
    same = [row for row in same if abs(lot.entry_price * ratio - row["entry_price"]) <= rounding]
    if ratio == 1 or not same:
        return None
    # a split pays out fractions: within one share, the quantity is the same
    whole = (row["quantity"] for row in same if abs(lot.quantity - row["quantity"] * ratio) < 1)
    quantity = next(whole, round(lot.quantity / ratio, 6))
    return _restated(lot, same[0], quantity)


def _is_same_security(lot: Lot, row: Row, ratio: Decimal) -> bool:
    if lot.contract is None:
        return bool(lot.symbol == row["symbol"])
    terms = (row["underlying_symbol"], row["expiration_date"], row["option_type"])
    own = (lot.contract.underlying_symbol, lot.contract.expiration_date, lot.contract.option_type)
    rounding = _STRIKE_STEP / 2 * max(ratio, Decimal(1))
    return terms == own and abs(lot.contract.strike_price * ratio - row["strike_price"]) <= rounding


def _restated(lot: Lot, row: Row, quantity: Decimal) -> Lot:
    contract = lot.contract and replace(lot.contract, strike_price=row["strike_price"])
    return replace(
        lot, symbol=row["symbol"], contract=contract, quantity=quantity, entry_price=row["entry_price"]
    )
