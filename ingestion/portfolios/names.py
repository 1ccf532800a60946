"""Names of portfolios as people type them: case and spaces do not matter, and a typo gets a suggestion."""

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from unicodedata import bidirectional, category

CLOSE = 0.75  # of SequenceMatcher's ratio: "Grwoth" is close to "Growth", "Yours" is not to "Mine"
SHORTEST_PART = 3  # characters that must be typed before a part of a name suggests the name
SUGGESTED = 3
_TURNS_DIRECTION = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def folded(name: str) -> str:
    """The name without case and repeated spaces; equal names mean the same portfolio of an owner.

    >>> folded("  My   IRA ") == folded("my ira")
    True
    """
    return " ".join(name.casefold().split())


def has_control_characters(name: str) -> bool:
    """Whether a name moves the cursor, ends a line or turns the direction of what is shown after it.

    >>> has_control_characters("Growth\x1b[2J"), has_control_characters("Größe 👩\u200d💻")
    (True, False)
    """  # noqa: D301 - the doctest needs the escapes
    return any(category(one) in {"Cc", "Zl", "Zp"} or bidirectional(one) in _TURNS_DIRECTION for one in name)


def same_names(asked: str, names: Iterable[str]) -> list[str]:
    """The names that `asked` means: the exact one, else all that differ in case and spaces only.

    >>> same_names("mine", ["Mine", "MINE", "Yours"])
    ['Mine', 'MINE']
    >>> same_names("Mine", ["Mine", "MINE", "Yours"])
    ['Mine']
    """
    found = [name for name in dict.fromkeys(names) if folded(name) == folded(asked)]
    return [asked.strip()] if asked.strip() in found else found


def close_names(asked: str, names: Iterable[str]) -> list[str]:
    """At most three names that `asked` may be a typo or a part of, the closest first.

    >>> close_names("grwoth", ["Growth", "Income"])
    ['Growth']
    >>> close_names("hedge fund", ["Demo Hedge Fund Style Investor Portfolio", "Income"])
    ['Demo Hedge Fund Style Investor Portfolio']
    """
    scored = [(_closeness(folded(asked), folded(name)), name) for name in dict.fromkeys(names)]
    close = sorted((-score, name) for score, name in scored if score >= CLOSE)
    return [name for _, name in close[:SUGGESTED]]


def did_you_mean(suggestions: Sequence[str]) -> str:
    """The question that an error ends with. At least one suggestion.

    >>> did_you_mean(["'Growth' of jane@example.com", "'Gross' of jane@example.com"])
    "did you mean 'Growth' of jane@example.com or 'Gross' of jane@example.com?"
    """
    return f"did you mean {' or '.join(suggestions[:SUGGESTED])}?"


def _closeness(asked: str, name: str) -> float:
    if len(asked) >= SHORTEST_PART and asked in name:
        return CLOSE + (1 - CLOSE) * len(asked) / len(name)
    return SequenceMatcher(None, asked, name, autojunk=False).ratio()
