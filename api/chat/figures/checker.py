"""Checks the figures of an answer against logged results, and marks those that no cell equals."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from api.chat.figures.cells import Cells
from api.chat.figures.exemptions import blanked
from api.chat.figures.numbers import Number, numbers_of
from api.chat.results import Figure, QueryResult

ROW_COUNT = "row count"
"""The column, in row 0, of a figure that equals the number of rows of a result, rather than a cell."""

NOT_VERIFIED = "[not verified]"
"""What stands behind an unverified figure of an answer."""

RATIOS = frozenset({"percent", "basis points"})
"""Units that users leave out."""

_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+\S")
_TABLE_RULE = re.compile(r"[ \t]*\|?[ \t:]*-{3}[-| \t:]*$")


def check_figures(text: str, results: Sequence[QueryResult], *, allowed: Sequence[str] = ()) -> list[Figure]:
    """Look up every number of the text that is not exempt in the cells of the results, oldest first.

    A figure is verified if a cell equals it at its shown rounding, in the unit it is written in, or if it
    counts the rows of a complete result. allowed: texts whose numbers are exempt: what the user wrote.
    """
    cells = Cells(results)
    known = _NumbersOfTheUser(allowed)
    counts = _CountsOfLists(text)
    numbers = numbers_of(blanked(text, cells.texts), text)
    return [
        _figure(number, cells, results) for number in numbers if number not in known and number not in counts
    ]


def mark_unverified(text: str, figures: Sequence[Figure]) -> str:
    """The text with a mark behind each figure that is not verified."""
    ends = sorted(figure.start + len(figure.text) for figure in figures if not figure.verified)
    pieces = [text[start:end] for start, end in pairwise([0, *ends, len(text)])]
    return f" {NOT_VERIFIED}".join(pieces)


def _figure(number: Number, cells: Cells, results: Sequence[QueryResult]) -> Figure:
    if found := cells.find(number):
        return Figure(
            number.text, number.start, found.result.query_id, found.row, found.column, verified=True
        )
    if number.is_count:
        for result in reversed(results):
            if not result.truncated and result.row_count == number.value:
                return Figure(number.text, number.start, result.query_id, 0, ROW_COUNT, verified=True)
    return Figure(number.text, number.start, None, None, None, verified=False)


class _NumbersOfTheUser:
    """Numbers that the user wrote: the same amount, or as many percent where they gave no unit.

    What is no figure of a question either (a 10-day VaR, the 5 largest) exempts nothing: not a loss of 5 %.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        numbers = [number for text in texts for number in numbers_of(blanked(text), text)]
        self._amounts = {number.canonical for number in numbers}
        self._digits = {abs(number.value) for number in numbers if not number.unit}

    def __contains__(self, number: Number) -> bool:
        return number.canonical in self._amounts or (
            number.unit in RATIOS and abs(number.value) in self._digits
        )


class _CountsOfLists:
    """Numbers that announce how many items the list or table right behind their line has."""

    def __init__(self, text: str) -> None:
        lines = text.split("\n")
        self._items_behind: list[tuple[int, int, int]] = []
        start = 0
        for index, line in enumerate(lines):
            if line.rstrip(" *_").endswith(":") and (items := _items_after(lines, index + 1)):
                self._items_behind.append((start, start + len(line), items))
            start += len(line) + 1

    def __contains__(self, number: Number) -> bool:
        line = bisect_right(self._items_behind, (number.start, float("inf"), 0)) - 1
        if not number.is_count or line < 0:
            return False
        _, end, items = self._items_behind[line]
        return number.start < end and number.value == Decimal(items)


def _items_after(lines: Sequence[str], first: int) -> int:
    """How many items the list, or rows the table, has that begins at this line or after blank ones."""
    while first < len(lines) and not lines[first].strip():
        first += 1
    block = []
    for line in lines[first:]:
        if not line.strip():
            break
        block.append(line)
    if len(block) > 1 and _TABLE_RULE.match(block[1]):
        return len(block) - 2
    indent = min((len(line) - len(line.lstrip()) for line in block if _ITEM.match(line)), default=0)
    return sum(1 for line in block if _ITEM.match(line) and len(line) - len(line.lstrip()) == indent)
