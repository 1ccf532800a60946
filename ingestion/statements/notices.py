"""What a user is told about rows that were read otherwise than written."""

from decimal import Decimal

_MOST = 20  # of one kind; a new portfolio needs no notice per row


def shortened(notices: list[str]) -> list[str]:
    """The first notices of one kind, and how many more there are."""
    more = len(notices) - _MOST
    return notices[:_MOST] + ([f"... and {more} more like that."] if more > 0 else [])


def plain(number: Decimal) -> str:
    """A number without trailing zeros or an exponent, at most six decimals."""
    return f"{round(number, 6).normalize():f}"
