"""Numbers as people write them, as plain text like -1234.50: every digit is kept.

Accepted: a sign before or after, parentheses for a negative, $ and USD, and thousands grouped by commas (or
points, if the decimal mark is a comma), spaces or apostrophes.
"""

import re
from collections.abc import Iterable
from typing import Literal

DecimalMark = Literal["point", "comma"]
MARKS: tuple[DecimalMark, ...] = ("point", "comma")

_PLAIN = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_SPACES = r" \u00a0\u2009\u202f"  # plain, no-break, thin, narrow no-break
_GROUPED = {
    mark: re.compile(
        rf"(?P<whole>\d+|\d{{1,3}}([{group}]\d{{3}})+|\d{{1,3}}([{_SPACES}]\d{{3}})+|\d{{1,3}}(['’]\d{{3}})+)?"  # noqa: RUF001 - Swiss files group by either
        rf"([{point}](?P<fraction>\d*))?(?P<exponent>[eE][+-]?\d{{1,2}})?",
        re.ASCII,
    )
    for mark, group, point in (("point", ",", "."), ("comma", ".", ","))
}
_SIGNS = str.maketrans({"−": "-", "–": "-"})  # noqa: RUF001 - minus sign and dash, as spreadsheets write them
_CURRENCY = re.compile(r"US\$|\$|USD")


def plain_number(text: str, mark: DecimalMark = "point") -> str | None:
    """The number without currency and grouping, or None if it is not a number with this decimal mark.

    >>> plain_number("($1,234.50)"), plain_number("1.234,5", "comma"), plain_number("50-")
    ('-1234.50', '1234.5', '-50')
    """
    if _PLAIN.fullmatch(text) and (mark == "point" or "." not in text):
        return text
    negative, bare = _unsigned(_CURRENCY.sub("", text.translate(_SIGNS), count=1).strip())
    match = _GROUPED[mark].fullmatch(bare)
    if match is None:
        return None
    whole, fraction = re.sub(r"\D", "", match["whole"] or ""), match["fraction"] or ""
    if not whole and not fraction:
        return None
    number = f"{whole or '0'}.{fraction}" if fraction else whole
    return f"{'-' if negative else ''}{number}{match['exponent'] or ''}"


def has_accounting_sign(text: str) -> bool:
    """Whether a number is negative by parentheses or by a sign behind it: (20) or 50-."""
    return text.startswith("(") or text.endswith(("-", "−"))  # noqa: RUF001 - as above


def possible_marks(texts: Iterable[str]) -> tuple[tuple[DecimalMark, ...], str | None]:
    """The decimal marks with which all of these can be read, and the first text that they read differently.

    Texts that are no number with either mark do not count.
    """
    possible, differs = set(MARKS), None
    for text in texts:
        readings = {mark: plain_number(text, mark) for mark in MARKS}
        read = {mark for mark in MARKS if readings[mark] is not None}
        if read:
            possible &= read
            if differs is None and len(set(readings.values())) > 1 and len(read) > 1:
                differs = text
    return tuple(mark for mark in MARKS if mark in possible), differs


def _unsigned(text: str) -> tuple[bool, str]:
    """Whether the number is negative, and its text without sign."""
    if text.startswith("(") and text.endswith(")"):
        return True, text[1:-1].strip()
    if text.endswith("-"):
        return True, text[:-1].rstrip()
    if text.startswith(("-", "+")):
        return text[0] == "-", text[1:].lstrip()
    return False, text
