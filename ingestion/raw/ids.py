"""Keys of portfolios, positions and flows, made of business columns alone: the same file is the same rows."""

from datetime import date
from decimal import Decimal
from uuid import NAMESPACE_DNS, UUID, uuid5

NAMESPACE = uuid5(NAMESPACE_DNS, "sigmasight")


def portfolio_id(owner_email: str, portfolio_name: str) -> UUID:
    """Key of the portfolio of this name that belongs to this person."""
    return _key("portfolio", owner_email.strip().lower(), portfolio_name.strip())


def position_id(portfolio: UUID, symbol: str, entry_date: date, entry_price: Decimal) -> UUID:
    """Key of a lot. The price is part of it: two lots of a symbol and day are two rows (100.0 is 100.00)."""
    return _key("position", str(portfolio), symbol, entry_date.isoformat(), f"{entry_price.normalize():f}")


def part_id(lot: UUID, exit_date: date, ordinal: int = 1) -> UUID:
    """Key of the part of a lot that was sold on a day while the rest was kept, or was sold on another day."""
    return _key("part", str(lot), exit_date.isoformat(), str(ordinal))


def flow_id(portfolio: UUID, flow_date: date, notes: str, ordinal: int) -> UUID:
    """Key of a capital flow: the `ordinal`-th of its day with these notes. The amount is not part of it, so
    that a corrected amount corrects.
    """
    return _key("flow", str(portfolio), flow_date.isoformat(), notes, str(ordinal))


def _key(*parts: str) -> UUID:
    # \x1f separates: no part can hold it, so ("a", "bc") and ("ab", "c") differ
    return uuid5(NAMESPACE, "\x1f".join(parts))
