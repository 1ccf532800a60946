"""Keys of portfolios, positions and flows, derived from business columns, so that reloads give equal keys."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from hashlib import md5
from uuid import NAMESPACE_DNS, UUID, uuid5

NAMESPACE = uuid5(NAMESPACE_DNS, "sigmasight")


def portfolio_id(owner_email: str, portfolio_name: str) -> UUID:
    """Key of this owner's portfolio with this name."""
    return _key("portfolio", owner_email.strip().lower(), portfolio_name.strip())


def position_id(portfolio: UUID, symbol: str, entry_date: date, entry_price: Decimal) -> UUID:
    """Key of a lot. It includes the price: a symbol and day may have two lots (100.0 equals 100.00)."""
    return _key("position", str(portfolio), symbol, entry_date.isoformat(), f"{entry_price.normalize():f}")


def part_id(lot: UUID, exit_date: date, ordinal: int = 1) -> UUID:
    """Key of the part of a lot that was sold on a day, when the rest was kept or sold on another day."""
    return _key("part", str(lot), exit_date.isoformat(), str(ordinal))


def spun_off_id(
    portfolio: UUID, symbol: str, entry_date: date, entry_price: Decimal, *, sign: int, ex_date: date
) -> UUID:
    """Key of the lot of a symbol that a lot (its day, price and sign) received in the spin-off of a day.

    The models derive the same key (int_spin_off_parents), so that it uses what PostgreSQL can hash.
    """
    parts = (str(portfolio), symbol, entry_date.isoformat(), f"{entry_price.normalize():f}", str(sign))
    text = "\x1f".join((*parts, ex_date.isoformat()))
    return UUID(md5(text.encode(), usedforsecurity=False).hexdigest())


def flow_id(portfolio: UUID, flow_date: date, notes: str, ordinal: int) -> UUID:
    """Key of a capital flow: the `ordinal`-th of its day with these notes.

    The amount is not part of the key, so that a changed amount is a correction.
    """
    return _key("flow", str(portfolio), flow_date.isoformat(), notes, str(ordinal))


def transaction_id(portfolio: UUID, terms: Iterable[object], ordinal: int) -> UUID:
    """Key of a transaction: the `ordinal`-th with these terms (day, kind, symbol, numbers; 5 equals 5.0)."""
    texts = (f"{term.normalize():f}" if isinstance(term, Decimal) else str(term) for term in terms)
    return _key("transaction", str(portfolio), *texts, str(ordinal))


def _key(*parts: str) -> UUID:
    # no part can hold the separator \x1f, so ("a", "bc") and ("ab", "c") differ
    return uuid5(NAMESPACE, "\x1f".join(parts))
