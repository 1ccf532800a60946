"""Parse amounts, dates and option contracts in the brokers' notations."""

import re
from datetime import date, datetime
from decimal import Decimal

from ingestion.files.csv_reader import parse_number
from ingestion.files.numbers import plain_number
from ingestion.market.occ import OptionContract, OptionType, build_occ

_EMPTY = frozenset({"", "-", "--", "n/a", "na", "null", "none", "not applicable", "unavailable"})
_DATE_FORMATS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d"),  # Interactive Brokers, Schwab
    *("%m/%d/%Y", "%m/%d/%y", "%b-%d-%Y", "%B %d, %Y"),  # Schwab, Fidelity, Interactive Brokers
    "%b %d %Y",  # E*Trade
)

_ROOT = r"(?P<root>[A-Z][A-Z0-9./ ]{0,6}?)"
_STRIKE = r"\$?(?P<strike>\d{1,6}(\.\d{1,3})?)"
_KIND = r"(?P<kind>CALL|PUT|C|P)"
# each with the format of its date
_CONTRACTS = (
    # AAPL  250815P00200000 (Interactive Brokers, and the OCC itself): the strike in thousandths
    (re.compile(rf"-?{_ROOT}\s*(?P<day>\d{{6}}){_KIND}(?P<thousandths>\d{{8}})"), "%y%m%d"),
    (re.compile(rf"-?{_ROOT}\s*(?P<day>\d{{6}}){_KIND}{_STRIKE}"), "%y%m%d"),  # -AAPL250815P200 (Fidelity)
    (re.compile(rf"{_ROOT} (?P<day>\d\d/\d\d/\d{{4}}) {_STRIKE} {_KIND}"), "%m/%d/%Y"),  # Schwab
    (re.compile(rf"{_ROOT} (?P<day>\d\d/\d\d/\d\d) {_STRIKE} {_KIND}"), "%m/%d/%y"),
    (re.compile(rf"{_ROOT} (?P<day>\d\d[A-Z]{{3}}\d\d) {_STRIKE} {_KIND}"), "%d%b%y"),  # Interactive Brokers
    # AAPL AUG 15 2025 $200 PUT: descriptions
    (re.compile(rf"{_ROOT} (?P<day>[A-Z]{{3}} \d\d? \d{{4}}) {_STRIKE} {_KIND}"), "%b %d %Y"),
    (re.compile(rf"{_ROOT} (?P<day>[A-Z]{{3}} \d\d? '\d\d) {_STRIKE} {_KIND}"), "%b %d '%y"),  # E*Trade
    # AAPL 8/15/2025 PUT $200.00 (Robinhood)
    (re.compile(rf"{_ROOT} (?P<day>\d\d?/\d\d?/\d{{4}}) {_KIND} {_STRIKE}"), "%m/%d/%Y"),
)
# Merrill writes AAPL#T1525B20000: a month from A to L for a call and M to X for a put, day, year, a letter
# that counts the decimals of the strike, and its digits
_LETTERED = re.compile(
    r"(?P<root>[A-Z]{1,6})#(?P<month>[A-X])(?P<day>\d\d)(?P<year>\d\d)(?P<scale>[A-F])(?P<digits>\d{1,8})"
)


def amount(text: str) -> Decimal | None:
    """The number in a cell: $1,234.50, +$12.40, -$5, ($5.00); None if it is empty, '--', 'n/a' or similar.

    >>> amount("($1,234.50)")
    Decimal('-1234.50')
    """
    text = text.strip()
    if text.lower() in _EMPTY:
        return None
    plain = plain_number(text)
    return parse_number(plain) if plain is not None else None


def quantity(text: str) -> Decimal | str:
    """The number in a cell; '' if it is empty, and the text itself (for the error) if it is not a number."""
    number = amount(text)
    if number is None:
        return "" if text.strip().lower() in _EMPTY else text
    return number


def day(text: str) -> date | None:
    """The date at the beginning of a cell, in any of the brokers' formats, or None."""
    text = " ".join(text.strip().split())
    for form in _DATE_FORMATS:
        for part in (text, re.split(r"[ ;]|, \d", text)[0]):
            try:
                return datetime.strptime(part, form).date()  # noqa: DTZ007 - a calendar date has no zone
            except ValueError:
                continue
    return None


def option_symbol(text: str) -> str | None:
    """The option symbol of a contract in any of the brokers' notations, or None for anything else.

    >>> option_symbol("-AAPL250815P200"), option_symbol("AAPL 08/15/2025 200.00 P")
    ('AAPL250815P00200000', 'AAPL250815P00200000')
    """
    plain = (
        " ".join(text.upper().replace(",", " ").split()) if "/" in text else " ".join(text.upper().split())
    )
    lettered = _LETTERED.fullmatch(plain)
    if lettered is not None:
        return _from_letters(lettered)
    for pattern, form in _CONTRACTS:
        match = pattern.fullmatch(plain)
        if match is None:
            continue
        try:
            expiration = datetime.strptime(match["day"], form).date()  # noqa: DTZ007 - as above
        except ValueError:
            return None
        kind: OptionType = "CALL" if match["kind"].startswith("C") else "PUT"
        terms = match.groupdict()
        strike = Decimal(terms["thousandths"]) / 1000 if "thousandths" in terms else Decimal(terms["strike"])
        return build_occ(OptionContract(match["root"].strip(), expiration, kind, strike))
    return None


def _from_letters(match: re.Match[str]) -> str | None:
    number = ord(match["month"]) - ord("A")
    try:
        expiration = date(2000 + int(match["year"]), number % 12 + 1, int(match["day"]))
    except ValueError:
        return None
    strike = Decimal(match["digits"]).scaleb(-(ord(match["scale"]) - ord("A") + 1))
    return build_occ(OptionContract(match["root"], expiration, "CALL" if number < 12 else "PUT", strike))  # noqa: PLR2004 - months


def share_class(symbol: str) -> str:
    """BRK B and BRK/B as BRK-B; other symbols in upper case."""
    return re.sub(r"^([A-Z]{1,5})[ /]([A-Z])$", r"\1-\2", symbol.upper())
