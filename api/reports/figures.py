"""How values are rounded and written: exactly (JSON, CSV) and for people (Markdown, HTML, PDF).

Rounding is half away from zero, as PostgreSQL's, and happens only here.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from api.reports.model import Kind, Value

NOT_AVAILABLE: Final = "n/a"

PLACES: Final = {
    Kind.MONEY: 2,
    Kind.PRICE: 4,
    Kind.QUANTITY: 6,
    Kind.GREEK: 4,
    Kind.RATE: 6,
    Kind.RATIO: 6,
    Kind.STATISTIC: 6,
    Kind.VARIANCE: 10,
    Kind.COUNT: 0,
}
PLACES_SHOWN: Final = {**PLACES, Kind.RATE: 2, Kind.RATIO: 2}  # rates in percent
POLICY: Final = (
    "Figures are those of the marts, rounded only here, half away from zero. Decimals: money 2, prices and "
    "Greeks 4, rates (returns, weights, volatilities, as fractions of 1), ratios, correlations and betas 6, "
    "variances 10; quantities as many as they have, at most 6. Pages for people show rates in percent and "
    "ratios with 2 decimals."
)
NUMBERS: Final = frozenset(PLACES)


def as_decimal(value: Decimal | float) -> Decimal:
    """A number as PostgreSQL turns it into numeric: a double with 15 significant digits."""
    return Decimal(f"{value:.15g}") if isinstance(value, float) else Decimal(value)


def rounded(value: Decimal | float, places: int) -> Decimal:
    """Round half away from zero; never a negative zero."""
    number = as_decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return abs(number) if number.is_zero() else number


def exact(value: Value, kind: Kind) -> str | None:
    """The value as JSON and CSV hold it; None if it is absent."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if kind not in PLACES:
        return str(value)
    return _trimmed(f"{rounded(value, PLACES[kind]):f}", kind)


def shown(value: Value, kind: Kind) -> str:
    """The value as people read it."""
    if value is None:
        return NOT_AVAILABLE
    if isinstance(value, (str, bool, date)) or kind not in PLACES:
        return exact(value, kind) or ""
    if kind is Kind.RATE:
        return f"{rounded(as_decimal(value) * 100, PLACES_SHOWN[kind]):,f} %"
    return _trimmed(f"{rounded(value, PLACES_SHOWN[kind]):,f}", kind)


def _trimmed(text: str, kind: Kind) -> str:
    return text.rstrip("0").rstrip(".") if kind is Kind.QUANTITY and "." in text else text
