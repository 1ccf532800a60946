"""Symbols as Yahoo writes them, and Financial Modeling Prep after it."""

# Indices have another name there.
_INDICES = {"VIX": "^VIX", "SPX": "^GSPC", "NDX": "^NDX", "RUT": "^RUT", "DJX": "^DJI"}


def yahoo_symbol(symbol: str) -> str:
    """The symbol as Yahoo writes it."""
    return _INDICES.get(symbol, symbol)
