"""What the name of a symbol tells about a position for which a file gives no class or subtype."""

import re

from ingestion.market.occ import looks_like_occ
from ingestion.market.symbols import CASH_SYMBOLS

_PRIVATE_NAME = re.compile(
    r"PRIVATE|_VC_|_PE_|_FUND|(^|_)(HOME|RENTAL|ART|CRYPTO|FO|RE|COLLECTIBLE)_|TREASURY_BILLS|MONEY_MARKET"
    r"|REIT.*_|_.*REIT"
)

# The first that matches; a specific name comes before `_FUND`.
_PRIVATE_SUBTYPES = tuple(
    (re.compile(pattern), subtype)
    for pattern, subtype in (
        (r"TREASURY_BILLS", "TREASURY_BILLS"),
        (r"MONEY_MARKET", "MONEY_MARKET"),
        (r"(^|_)VC(_|$)|VENTURE", "VENTURE_CAPITAL"),
        (r"(^|_)PE(_|$)|PRIVATE_EQUITY", "PRIVATE_EQUITY"),
        (r"REIT(_|$)", "PRIVATE_REIT"),
        (r"CREDIT|LENDING", "PRIVATE_CREDIT"),
        (r"INFRASTRUCTURE", "INFRASTRUCTURE"),
        (r"(^|_)(RE|HOME|RENTAL)_|REAL_ESTATE", "REAL_ESTATE"),
        (r"(^|_)(ART|COLLECTIBLE)_", "ART"),
        (r"(^|_)CRYPTO(_|$)", "CRYPTOCURRENCY"),
        (r"COMMODITY", "COMMODITY"),
        (r"_FUND$", "HEDGE_FUND"),
    )
)

_MUTUAL_FUND = re.compile(r"[A-Z]{4}X")  # Nasdaq's fifth letter of mutual funds


def detect_class(symbol: str, *, has_option_columns: bool) -> str:
    """The investment class of a symbol for which the file gives none.

    >>> detect_class("A16Z_VC_FUND", has_option_columns=False)
    'PRIVATE'
    """
    if looks_like_occ(symbol) or has_option_columns:
        return "OPTIONS"
    if symbol in CASH_SYMBOLS:
        return "PUBLIC"
    return "PRIVATE" if _PRIVATE_NAME.search(symbol) else "PUBLIC"


def detect_subtype(symbol: str, investment_class: str) -> str | None:
    """The subtype of a symbol for which the file gives none; None if the name does not tell.

    >>> detect_subtype("COLLECTIBLE_WATCHES", "PRIVATE"), detect_subtype("VTIAX", "PUBLIC")
    ('ART', 'MUTUAL_FUND')
    """
    if investment_class == "PUBLIC":
        if symbol in CASH_SYMBOLS:
            return "CASH"
        return "MUTUAL_FUND" if _MUTUAL_FUND.fullmatch(symbol) else None
    if investment_class == "PRIVATE":
        return next((subtype for name, subtype in _PRIVATE_SUBTYPES if name.search(symbol)), None)
    return None
