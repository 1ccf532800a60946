"""Values of lots at a price."""

from decimal import ROUND_HALF_UP, Decimal, localcontext

from ingestion.statements.brokers.units import OPTION_MULTIPLIER
from ingestion.statements.parts import Row
from ingestion.statements.rows import Lot

CENT = Decimal("0.01")

_ENOUGH_DIGITS = 80  # for the product of any two numbers of a file


def value_at(quantity: Decimal, price: Decimal, *, is_option: bool) -> Decimal:
    """Signed quantity x multiplier x price, USD to the cent (halves away from zero).

    A position's value is rounded to the cent, so that totals are sums of whole cents.
    """
    with localcontext(prec=_ENOUGH_DIGITS):
        value = quantity * (OPTION_MULTIPLIER if is_option else 1) * price
        return value.quantize(CENT, ROUND_HALF_UP)


def entry_value(lot: Lot) -> Decimal:
    """The cost of a lot, USD to the cent, negative for a short."""
    return value_at(lot.quantity, lot.entry_price, is_option=lot.investment_class == "OPTIONS")


def row_value(row: Row, price: Decimal) -> Decimal:
    """The value of a row of raw.positions at a price, USD to the cent."""
    return value_at(row["quantity"], price, is_option=row["investment_class"] == "OPTIONS")
