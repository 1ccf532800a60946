"""Dates as people write them: which are unambiguous, and in which orders the others can be read."""

import re
from datetime import date
from typing import Literal

DateOrder = Literal["MDY", "DMY", "YMD"]
ORDERS: tuple[DateOrder, ...] = ("MDY", "DMY", "YMD")

_MIDNIGHT = re.compile(r"[ T]0?0:00(:00(\.0+)?)?( ?AM)?$|[ T]12:00(:00)? ?AM$", re.ASCII)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_YEAR_FIRST = re.compile(r"(?P<y>\d{4})([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})|(?P<ymd>(19|20)\d{6})", re.ASCII)
_NAMED = (
    re.compile(r"(?P<d>\d{1,2})[-/. ]+(?P<m>[A-Za-z]{3,9})[-/., ]+(?P<y>\d{4}|\d{2})", re.ASCII),
    re.compile(r"(?P<m>[A-Za-z]{3,9})[-/. ]+(?P<d>\d{1,2})[-/., ]+(?P<y>\d{4}|\d{2})", re.ASCII),
    re.compile(r"(?P<y>\d{4})[-/. ]+(?P<m>[A-Za-z]{3,9})[-/. ]+(?P<d>\d{1,2})", re.ASCII),
)
_NUMERIC = re.compile(r"(?P<a>\d{1,2})([-/.])(?P<b>\d{1,2})\2(?P<c>\d{4}|\d{2})", re.ASCII)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_SHORT_YEAR = 2
_LAST_CENTURY = 70  # two-digit years from 70 on may belong to it


def is_iso(text: str) -> bool:
    """Whether the text has the form YYYY-MM-DD."""
    return _ISO.fullmatch(text) is not None


def plain_date(text: str, latest: date | None = None) -> date | None:
    """The date, if it is written with its year first or its month as a word; None otherwise.

    latest: a two-digit year does not lie after it.

    >>> plain_date("30-Jun-25"), plain_date("2025/6/30"), plain_date("6/30/2025")
    (datetime.date(2025, 6, 30), datetime.date(2025, 6, 30), None)
    """
    if is_iso(text):
        return _date(int(text[:4]), int(text[5:7]), int(text[8:]))
    text = _without_time(text)
    match = _YEAR_FIRST.fullmatch(text)
    if match is not None:
        digits = match["ymd"]
        year, month, day = (digits[:4], digits[4:6], digits[6:]) if digits else match.group("y", "m", "d")
        return _date(int(year), int(month), int(day))
    for pattern in _NAMED:
        named = pattern.fullmatch(text)
        month_number = _month(named["m"]) if named else None
        if named and month_number:
            return _date(_year(named["y"], latest), month_number, int(named["d"]))
    return None


def readings(text: str, latest: date | None = None) -> dict[DateOrder, date]:
    """The dates that a text like 3/4/2025 may be, by the order of its parts; {} for another text.

    >>> readings("6/30/2025"), len(readings("6/7/2025"))
    ({'MDY': datetime.date(2025, 6, 30)}, 2)
    """
    match = _NUMERIC.fullmatch(_without_time(text))
    if match is None:
        return {}
    a, b, c = match.group("a", "b", "c")
    parts = {"MDY": (c, a, b), "DMY": (c, b, a)} | ({"YMD": (a, b, c)} if len(a) == len(c) else {})
    found: dict[DateOrder, date] = {}
    for order in ORDERS:
        if order in parts:
            year, month, day = parts[order]
            as_date = _date(_year(year, latest), int(month), int(day))
            if as_date is not None:
                found[order] = as_date
    return found


def _without_time(text: str) -> str:
    """The text without the midnight that spreadsheets append to a date."""
    return _MIDNIGHT.sub("", text) if ":" in text else text


def _year(digits: str, latest: date | None) -> int | None:
    """The year; of two digits, the one of this century unless it lies after `latest`."""
    if len(digits) != _SHORT_YEAR:
        return int(digits)
    year = int(digits)
    if latest is None or 2000 + year <= latest.year:
        return 2000 + year
    return 1900 + year if year >= _LAST_CENTURY else None


def _month(name: str) -> int | None:
    wanted = name.lower()
    return next((number for number, month in enumerate(_MONTHS, 1) if _is_month(wanted, month)), None)


def _is_month(name: str, month: str) -> bool:
    return month.startswith(name) or (name == "sept" and month == "september")


def _date(year: int | None, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year is not None else None
    except ValueError:
        return None
