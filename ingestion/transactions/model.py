"""A transaction, and what its kind must have."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ingestion.files.csv_reader import LARGEST_ENTRY

KINDS = ("buy", "sell", "dividend", "fee", "split", "transfer")

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Transaction:
    """One row.

    quantity: shares or contracts, positive for a buy or a sell; signed for a transfer, and of a split what it
    adds. price: USD per share; of a transfer the cost. fees: USD, not negative. amount: of a dividend, USD,
    negative if it was paid. acquired: when what is transferred in was bought.
    """

    line: int
    day: date
    kind: str
    symbol: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    fees: Decimal = _ZERO
    amount: Decimal | None = None
    acquired: date | None = None
    notes: str | None = None


def faults(one: Transaction) -> Iterator[tuple[str, str]]:
    """The column and the remedy of each thing that is wrong with a transaction."""
    if one.symbol is None and one.kind != "fee":
        yield "symbol", f"is missing; a {one.kind} has a symbol."
    if one.kind in {"buy", "sell"}:
        if one.quantity is None or one.quantity <= 0:
            yield "quantity", f"is not above zero; the kind {one.kind} says which way it goes."
        if one.price is None or one.price < 0:
            yield "price", "is missing or negative; write USD per share."
    if one.kind in {"split", "transfer"} and not one.quantity:
        yield "quantity", "is missing or zero; write what comes in, negative for what goes out."
    if one.kind == "transfer" and (one.quantity or _ZERO) > 0 and (one.price is None or one.price < 0):
        yield "price", "is missing or negative; write the cost per share of what is transferred in."
    if one.kind == "dividend" and not one.amount:
        yield "amount", "is missing or zero; write the USD received, negative if they were paid."
    if one.fees < 0 or (one.kind == "fee" and not one.fees):
        yield "fees", "are missing or negative; write the USD paid."
    if one.acquired is not None and one.acquired > one.day:
        yield "acquired", "lies after the day of the transfer; correct it."
    yield from _too_large(one)


def _too_large(one: Transaction) -> Iterator[tuple[str, str]]:
    numbers = {"quantity": one.quantity, "price": one.price, "fees": one.fees, "amount": one.amount}
    for column, number in numbers.items():
        if number is not None and abs(number) > LARGEST_ENTRY:
            yield column, f"exceeds {LARGEST_ENTRY:,}; correct it."
