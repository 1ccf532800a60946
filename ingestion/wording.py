"""Words for lists in messages."""

from collections.abc import Iterable

_MOST_NAMED = 10


def joined(things: Iterable[object]) -> str:
    """The first things of a list with commas, and how many more there are.

    >>> joined("abc"), joined(range(12))
    ('a, b, c', '0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more')
    """
    all_of_them = [str(thing) for thing in things]
    more = len(all_of_them) - _MOST_NAMED
    return ", ".join(all_of_them[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
