"""What a user is told about rows that were read otherwise than written."""

from collections.abc import Iterable
from decimal import Decimal

_MOST = 20  # of one kind; a new portfolio needs no notice per row
_MOST_NAMED = 10


def shortened(notices: list[str]) -> list[str]:
    """The first notices of one kind, and how many more there are."""
    more = len(notices) - _MOST
    return notices[:_MOST] + ([f"... and {more} more like that."] if more > 0 else [])


def joined(things: Iterable[object]) -> str:
    """The first things of a list with commas, and how many more there are."""
    all_of_them = [str(thing) for thing in things]
    more = len(all_of_them) - _MOST_NAMED
    return ", ".join(all_of_them[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def plain(number: Decimal) -> str:
    """A number without trailing zeros or an exponent, at most six decimals."""
    return f"{round(number, 6).normalize():f}"
