"""Symbols as Yahoo and Financial Modeling Prep write them."""

# Indices have different names there.
_INDICES = {"VIX": "^VIX", "SPX": "^GSPC", "NDX": "^NDX", "RUT": "^RUT", "DJX": "^DJI"}


def yahoo_symbol(symbol: str) -> str:
    """The symbol as Yahoo writes it."""
    return _INDICES.get(symbol, symbol)
