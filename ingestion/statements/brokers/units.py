"""From a position's total cost to the price of one share."""

from decimal import Decimal

from ingestion.statements.brokers.notation import amount

OPTION_MULTIPLIER = 100


def per_share(total: str, quantity: Decimal | str, *, is_option: bool) -> Decimal | None:
    """USD per share (per contract / 100 for options) from a cell with the total, whose sign is ignored.

    None if the cell or the quantity is empty or not a number.
    """
    cost = amount(total)
    if cost is None or not isinstance(quantity, Decimal) or quantity == 0:
        return None
    return abs(cost / quantity) / (OPTION_MULTIPLIER if is_option else 1)
