"""The numbers of a text: value, shown rounding, unit, and the signs that a cell may have.

Written in digits in any usual style ($1,234.56, 1.2 million, 12.3 %, 35 bps, (5.1), 1.2e-5, 3-5 %), or as a
word from two to twelve. What is exempt is blanked beforehand: see exemptions.py.
"""

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from api.chat.figures.directions import direction_around

_SPACE = "[ \u00a0\u2009\u202f]"
_GROUP = "[,'\u2019\u00a0\u2009\u202f_]"
_MINUS = "-\u2212\u2013"  # hyphen, minus, en dash
_CURRENCY = r"(?:(?:US|C|A|HK)?\$|[€£¥]|(?:USD|EUR|GBP|CHF|JPY|CAD|AUD)(?![^\W\d_]))"
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")

_PERCENT = (
    "percentage points?",
    "percentage-points?",
    "percent",
    "per cent",
    "pct",
    "vol points?",
    "pp",
    "%",
)
_BASIS_POINTS = ("basis points?", "basis-points?", "bps", "bp")
_THOUSANDS = ("thousand", "k", "K")
_MILLIONS = ("million", "mln", "mn", "mm", "MM", "m", "M")
_BILLIONS = ("billion", "bn", "b", "B")
_TRILLIONS = ("trillion", "tn", "T")
_ONE = Decimal(1)

# what a cell is multiplied by to be the number as written
_SCALES: dict[str, tuple[Decimal, ...]] = {
    "percent": (Decimal(100), _ONE),
    "basis points": (Decimal(10_000), Decimal(100), _ONE),
    "thousands": (Decimal("1e-3"),),
    "millions": (Decimal("1e-6"),),
    "billions": (Decimal("1e-9"),),
    "trillions": (Decimal("1e-12"),),
    "": (_ONE,),
}
_SPELLINGS = {
    "percent": _PERCENT,
    "basis points": _BASIS_POINTS,
    "thousands": _THOUSANDS,
    "millions": _MILLIONS,
    "billions": _BILLIONS,
    "trillions": _TRILLIONS,
}
_WORDY = "|".join(word for words in _SPELLINGS.values() for word in words if len(word) > 1)
_LETTERS = "k|K|m|M|b|B|T"
_UNIT = (
    rf"(?:(?:{_SPACE}|-)?(?P<unit>{_WORDY})(?![^\W_])"
    rf"|{_SPACE}?\\?(?P<sign_of_percent>%)"
    rf"|{_SPACE}?(?P<letter>{_LETTERS})(?![\w&]))"
)
_DIGITS = (
    r"(?>\d{1,3}(?:\.\d{3})+,\d+(?!\d)"  # 1.234,56
    r"|\d{1,3}(?:\.\d{3}){2,}(?!\d)"  # 1.234.567
    rf"|\d{{1,3}}(?:{_GROUP}\d{{3}})+(?!\d)(?:\.\d+)?"  # 1,234.56
    rf"|\d+,\d{{1,2}}(?={_SPACE}?\\?%)"  # 12,3 %
    r"|\d+(?:\.\d+)?|\.\d+)"
)
_EXPONENT = (
    rf"(?:[eE](?P<power>[-+\u2212]?\d+)|{_SPACE}?[\u00d7x]{_SPACE}?10(?P<raised>\^?[-\u2212]?\d+|[⁰-⁹¹²³⁻]+))"
)
_NUMBER = re.compile(
    rf"(?P<open>\((?=[^()\n]{{1,30}}\)))?"
    rf"(?P<sign>(?<![\w)%])(?:[-+\u2013]|\u2212{_SPACE}?)(?=[\d.$€£¥A-Z*`]))?(?(sign)[*`]{{0,3}})"
    rf"(?P<currency>(?<![^\W\d_]){_CURRENCY}{_SPACE}?)?"
    rf"(?P<inner_open>(?<=[$€£¥])\()?(?P<inner_sign>(?<=[$€£¥ ])[-+\u2212])?"
    rf"(?<!\w)(?<!\d\.)(?P<digits>{_DIGITS})(?:{_EXPONENT})?(?:{_UNIT})?(?P<close>\))?"
)
_WORDS = {
    word: count
    for count, word in enumerate(
        ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"), start=2
    )
}
_WORD = re.compile(rf"(?<![\w-])(?:{'|'.join(_WORDS)})(?![\w-])", re.IGNORECASE)
_JOINED = re.compile(rf"{_SPACE}?[-\u2013\u2014/]{_SPACE}?|{_SPACE}to{_SPACE}")


Signs = Literal["written", "either", "lost"]


@dataclass(frozen=True)
class Number:
    """A number as a text shows it.

    text, start: where it stands. value: signed, in its own unit (1.2 of "$1.2 million"). step: one unit of
    its last shown digit, in the same unit. scales: what a cell is multiplied by to be in that unit.
    unit: of _SCALES, "" for none. signs: of the cell: as written, either one, or negative but for losses.
    """

    text: str
    start: int
    value: Decimal
    step: Decimal
    scales: tuple[Decimal, ...]
    unit: str = ""
    has_currency: bool = False
    signs: Signs = "written"

    @property
    def end(self) -> int:
        """The offset behind the number."""
        return self.start + len(self.text)

    @property
    def is_count(self) -> bool:
        """Whether the number may count things: a whole number without a unit."""
        return not self.unit and not self.has_currency and self.step == 1 and self.value >= 0

    @property
    def canonical(self) -> Decimal:
        """The absolute value in units of one: 1,200,000 of "$1.2 million", 0.05 of "5 %"."""
        return abs(self.value) / _SCALES[self.unit][0]


def numbers_of(text: str, original: str | None = None) -> list[Number]:
    """Parse the numbers of a text, in their order.

    original: the same text before parts were blanked, which the direction words are read from.
    """
    context = text if original is None else original
    found = [number for match in _NUMBER.finditer(text) if (number := _number(match, context))]
    found += [_count_in_words(match) for match in _WORD.finditer(text)]
    found.sort(key=lambda number: number.start)
    return _share_units_of_ranges(found, text)


def _number(match: re.Match[str], context: str) -> Number | None:
    digits, currency = match["digits"], match["currency"]
    end = match.end()
    if not match["close"] and digits.isdecimal() and not currency and context[end : end + 1].isalpha():
        return None  # an identifier: 13F, 2s10s
    is_wrapped = bool((match["open"] or match["inner_open"]) and match["close"])
    start = match.start() if is_wrapped or not match["open"] else match.start() + 1
    if match["close"] and not is_wrapped:
        end -= 1
    value, decimals = _value(digits)
    exponent = _exponent(match)
    unit = _unit_of(match)
    value, step = value.scaleb(exponent), Decimal(1).scaleb(exponent - decimals)
    sign = (match["sign"] or match["inner_sign"] or "").strip()
    is_negative = sign in tuple(_MINUS) or bool(match["inner_open"])
    is_negative |= is_wrapped and _is_in_table(context, match.start())
    signs: Signs = "written"
    if not sign and not is_negative:
        signs, is_negative = _signs_in_words(context, start, end, is_wrapped)
    return Number(
        text=context[start:end],
        start=start,
        value=-value if is_negative and sign != "+" else value,
        step=step,
        scales=_SCALES[unit],
        unit=unit,
        has_currency=bool(currency),
        signs=signs,
    )


def _signs_in_words(text: str, start: int, end: int, is_wrapped: bool) -> tuple[Signs, bool]:
    """The signs that the words around an unsigned number allow, and whether they make it negative."""
    direction = direction_around(text, start, end)
    if direction == "minus":
        return "written", True
    if direction == "lost":
        return "lost", False
    return ("either" if direction == "down" or is_wrapped else "written"), False


def _value(digits: str) -> tuple[Decimal, int]:
    """The value of the digits, and how many stand behind the decimal point."""
    if re.fullmatch(r"\d{1,3}(?:\.\d{3}){2,}|\d{1,3}(?:\.\d{3})+,\d+", digits):
        digits = digits.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"\d+,\d{1,2}", digits):
        digits = digits.replace(",", ".")
    else:
        digits = re.sub(_GROUP, "", digits)
    return Decimal(digits), len(digits.partition(".")[2])


def _exponent(match: re.Match[str]) -> int:
    power = match["power"] or match["raised"] or "0"
    return int(power.translate(_SUPERSCRIPTS).replace("\u2212", "-").lstrip("^"))


def _unit_of(match: re.Match[str]) -> str:
    written = match["unit"] or match["sign_of_percent"] or match["letter"]
    if not written:
        return ""
    return next(
        unit
        for unit, spellings in _SPELLINGS.items()
        if any(re.fullmatch(spelling, written) for spelling in spellings)
    )


def _is_in_table(text: str, position: int) -> bool:
    """Whether the position is at the beginning of a cell of a Markdown table."""
    before = text[text.rfind("\n", 0, position) + 1 : position]
    return before.rstrip(" *_`").endswith("|")


def _count_in_words(match: re.Match[str]) -> Number:
    value = Decimal(_WORDS[match[0].lower()])
    return Number(match[0], match.start(), value, _ONE, _SCALES[""])


def _share_units_of_ranges(numbers: list[Number], text: str) -> list[Number]:
    """Give the first number of "3-5 %" and "3 to 5 %" the unit of the second."""
    shared = list(numbers)
    for place in range(len(shared) - 2, -1, -1):
        number, following = shared[place], shared[place + 1]
        is_amount = number.has_currency and following.unit in {"percent", "basis points"}
        is_range = _JOINED.fullmatch(text[number.end : following.start]) and not is_amount
        if is_range and following.unit and not number.unit:
            scales = tuple(dict.fromkeys(following.scales + number.scales))
            shared[place] = replace(number, scales=scales, unit=following.unit)
    return shared
