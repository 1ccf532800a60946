"""Option symbols of the Options Clearing Corporation: AAPL250815P00200000 is AAPL's 200 put of 2025-08-15."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

OptionType = Literal["CALL", "PUT"]

_SHAPE = re.compile(r"([A-Z][A-Z0-9]{0,5})(\d{6})([CP])(\d{8})")
_ROOT = re.compile(r"[A-Z][A-Z0-9]{0,5}")
_LARGEST_STRIKE = Decimal("99999.999")

# An OCC root is letters and digits only, and some roots are not the symbol that is priced.
_UNDERLYING_OF_ROOT = {
    "BRKA": "BRK-A",
    "BRKB": "BRK-B",
    "BFA": "BF-A",
    "BFB": "BF-B",
    "SPXW": "SPX",
    "NDXP": "NDX",
    "RUTW": "RUT",
    "VIXW": "VIX",
}


@dataclass(frozen=True)
class OptionContract:
    """The terms of an option symbol; strike in USD per share of the underlying."""

    underlying_symbol: str
    expiration_date: date
    option_type: OptionType
    strike_price: Decimal


def looks_like_occ(symbol: str) -> bool:
    """Whether the symbol has the form of an option symbol (its date may still be invalid)."""
    return _SHAPE.fullmatch(symbol) is not None


def parse_occ(symbol: str) -> OptionContract | None:
    """The contract, or None if the symbol is not an option symbol or has an invalid date or a strike of 0.

    >>> parse_occ("AAPL250815P00200000").strike_price
    Decimal('200')
    """
    match = _SHAPE.fullmatch(symbol)
    if match is None:
        return None
    root, day, kind, strike = match.groups()
    try:
        expiration = datetime.strptime(day, "%y%m%d").date()  # noqa: DTZ007 - a calendar date has no zone
    except ValueError:
        return None
    if int(strike) == 0:
        return None
    # strptime puts the years 69 to 99 into the last century, but no option symbol is that old
    return OptionContract(
        _UNDERLYING_OF_ROOT.get(root, root),
        expiration if expiration.year >= 2000 else expiration.replace(year=expiration.year + 100),  # noqa: PLR2004
        "CALL" if kind == "C" else "PUT",
        Decimal(int(strike)).scaleb(-3).normalize() + 0,
    )


def build_occ(contract: OptionContract) -> str | None:
    """The option symbol, or None if it cannot be built.

    The strike must be at most 99,999.999 with three decimals, the root one to six characters, and the
    expiration in this century.

    >>> build_occ(OptionContract("BRK-B", date(2025, 8, 15), "CALL", Decimal("412.5")))
    'BRKB250815C00412500'
    """
    root = occ_root(contract.underlying_symbol)
    thousandths = contract.strike_price * 1000
    fits = thousandths == int(thousandths) and 0 < contract.strike_price <= _LARGEST_STRIKE
    if not fits or not is_root(root) or contract.expiration_date.year // 100 != 20:  # noqa: PLR2004
        return None
    return f"{root}{contract.expiration_date:%y%m%d}{contract.option_type[0]}{int(thousandths):08d}"


def is_root(root: str) -> bool:
    """Whether the text is a valid root: one to six letters and digits, a letter first."""
    return _ROOT.fullmatch(root) is not None


def occ_root(underlying_symbol: str) -> str:
    """The underlying as written in an option symbol: letters and digits only."""
    return re.sub(r"[^A-Z0-9]", "", underlying_symbol.upper())
