"""What a user's corrections say about how they want answers to be written.

A correction is a text that the user put in place of an answer. Its rules are found by counting, not by a
model: each is one of the sentences below, so that no text of a user becomes an instruction.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

MIN_CONFIDENCE = Decimal("0.7")
MIN_EVIDENCE = 3

SHORTER, LONGER = 0.75, 1.33

_LIST_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s", re.MULTILINE)
_WORD = re.compile(r"[^\s|]*\w[^\s|]*")
_TABLE_ROW = re.compile(r"^\s*\|.*\|\s*$", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}\s", re.MULTILINE)
_DECIMALS = re.compile(r"\d\.(\d+)")


@dataclass(frozen=True)
class Preference:
    """A rule with the corrections that support it, and their share of those that speak about it."""

    rule: str
    evidence_count: int
    confidence: Decimal

    @property
    def is_proposed(self) -> bool:
        """There is enough evidence to show it to a reviewer."""
        return self.confidence >= MIN_CONFIDENCE and self.evidence_count >= MIN_EVIDENCE


@dataclass(frozen=True)
class _Trait:
    """Two opposite rules, and what a correction says: 1 for the first, -1 for the second, 0 for none."""

    rules: tuple[str, str]
    compare: Callable[[str, str], int]


def _length(answer: str, edited: str) -> int:
    before, after = (len(_WORD.findall(_LIST_ITEM.sub("", text))) for text in (answer, edited))
    if not before or not after:
        return 0
    ratio = after / before
    return (ratio <= SHORTER) - (ratio >= LONGER)


def _use_of(pattern: re.Pattern[str]) -> Callable[[str, str], int]:
    def compare(answer: str, edited: str) -> int:
        before, after = bool(pattern.search(answer)), bool(pattern.search(edited))
        return after - before

    return compare


def _decimals(answer: str, edited: str) -> int:
    """Compare the longest decimals of the numbers; 0 unless both texts have numbers."""
    places = [max((len(found) for found in _DECIMALS.findall(text)), default=0) for text in (answer, edited)]
    if not (re.search(r"\d", answer) and re.search(r"\d", edited)):
        return 0
    return (places[1] < places[0]) - (places[1] > places[0])


TRAITS = (
    _Trait(("Write shorter answers.", "Write more detailed answers."), _length),
    _Trait(("Use lists.", "Write prose instead of lists."), _use_of(_LIST_ITEM)),
    _Trait(("Show numbers in a table.", "Do not use tables."), _use_of(_TABLE_ROW)),
    _Trait(("Use headings.", "Do not use headings."), _use_of(_HEADING)),
    _Trait(("Show fewer decimals.", "Show more decimals."), _decimals),
)
RULES = tuple(rule for trait in TRAITS for rule in trait.rules)


def rules_of(answer: str, edited: str) -> set[str]:
    """The rules that one correction supports."""
    verdicts = [(trait, trait.compare(answer, edited)) for trait in TRAITS]
    return {trait.rules[0] if verdict > 0 else trait.rules[1] for trait, verdict in verdicts if verdict}


def weigh(corrections: Iterable[tuple[str, str]]) -> Sequence[Preference]:
    """Weigh the rules that these corrections (answer, edited text) support, in the order of RULES."""
    counts = Counter(rule for answer, edited in corrections for rule in rules_of(answer, edited))
    return [Preference(rule, counts[rule], _confidence(rule, counts)) for rule in RULES if counts[rule]]


def _confidence(rule: str, counts: Mapping[str, int]) -> Decimal:
    (opposites,) = (trait.rules for trait in TRAITS if rule in trait.rules)
    share = Decimal(counts[rule]) / sum(counts[other] for other in opposites)
    return share.quantize(Decimal("0.001"))
