"""Quantities, prices and dates of a positions file."""

import re
from datetime import date, timedelta
from decimal import Decimal

from ingestion.files.csv_reader import LARGEST_ENTRY, decimals, parse_date, parse_number
from ingestion.market.symbols import CASH_SYMBOLS
from ingestion.statements.columns import ENTRY_DATE, ENTRY_PRICE, EXIT_DATE, EXIT_PRICE, QUANTITY, TAGS, Row

LONGEST_TAG = 100
_DAY_NUMBER = re.compile(r"[2-5]\d{4}")  # from 1954 to 2064
_DAY_ZERO = date(1899, 12, 30)
_QUANTITY_DECIMALS, _PRICE_DECIMALS = 6, 4


def read_quantity(row: Row) -> Decimal | None:
    """Signed quantity; None with an error recorded."""
    text = row[QUANTITY]
    if not text:
        row.error(4, QUANTITY, "Quantity is missing; write it, negative for a short.")
        return None
    quantity = parse_number(text)
    if quantity is None:
        row.error(5, QUANTITY, f"Quantity {text!r} is not a number; write it like 1250.5.")
    elif abs(quantity) > LARGEST_ENTRY:
        row.error(5, QUANTITY, f"Quantity {text} exceeds {LARGEST_ENTRY:,}; correct it.")
    elif quantity == 0:
        row.error(6, QUANTITY, "Quantity is zero; correct it, or remove the row.")
    elif decimals(quantity) > _QUANTITY_DECIMALS:
        row.error(7, QUANTITY, f"Quantity {text} has more than {_QUANTITY_DECIMALS} decimals; round it.")
    return quantity


def read_entry_price(row: Row, symbol: str, subtype: str | None) -> Decimal | None:
    """USD per share or contract unit, above zero; always 1 for cash."""
    text = row[ENTRY_PRICE].removeprefix("$")
    is_cash = symbol in CASH_SYMBOLS and subtype == "CASH"
    if not text:
        if is_cash:
            return Decimal(1)
        row.error(8, ENTRY_PRICE, "Entry Price Per Share is missing; write it.")
        return None
    price = parse_number(text)
    shown = row[ENTRY_PRICE]
    if price is None:
        row.error(9, ENTRY_PRICE, f"Entry Price Per Share {shown!r} is not a number; write it like 204.94.")
    elif price > LARGEST_ENTRY:
        row.error(9, ENTRY_PRICE, f"Entry Price Per Share {shown} exceeds {LARGEST_ENTRY:,}; correct it.")
    elif price <= 0:
        row.error(10, ENTRY_PRICE, f"Entry Price Per Share {shown} is not above zero; correct it.")
    elif decimals(price) > _PRICE_DECIMALS:
        row.error(
            11,
            ENTRY_PRICE,
            f"Entry Price Per Share {shown} has more than {_PRICE_DECIMALS} decimals; round it.",
        )
    elif is_cash and price != 1:
        row.error(
            9,
            ENTRY_PRICE,
            f"{symbol} is cash, whose price is 1 and not {shown}; write the amount as Quantity.",
        )
    return price


def read_entry_date(row: Row) -> date | None:
    """The date of purchase, not after today or the statement."""
    text = row[ENTRY_DATE]
    if not text:
        row.error(12, ENTRY_DATE, "Entry Date is missing; write it as YYYY-MM-DD.")
        return None
    day = parse_date(text)
    if day is None:
        row.error(13, ENTRY_DATE, not_a_date("Entry Date", text))
    elif day > row.today:
        row.error(14, ENTRY_DATE, f"Entry Date {text} lies in the future; correct it.")
    elif day > row.statement_date:
        row.error(
            14,
            ENTRY_DATE,
            f"Entry Date {text} lies after the statement of {row.statement_date}; correct one.",
        )
    elif (day.year + 100, day.month, day.day) < (row.today.year, row.today.month, row.today.day):
        row.error(15, ENTRY_DATE, f"Entry Date {text} is over 100 years ago; correct it.")
    return day


def not_a_date(name: str, text: str) -> str:
    """What to do about a cell that is no date: a spreadsheet writes a date without a format as a number."""
    if _DAY_NUMBER.fullmatch(text):
        day = _DAY_ZERO + timedelta(days=int(text))
        return (
            f"{name} {text!r} is not a date but a spreadsheet's number of one, perhaps of {day}; "
            "format the column as dates, YYYY-MM-DD."
        )
    return f"{name} {text!r} is not a date; write it as YYYY-MM-DD."


def read_exit(row: Row, entry_date: date | None) -> tuple[date | None, Decimal | None]:
    """Date and price of the sale: both, or neither."""
    day_text, price_text = row[EXIT_DATE], row[EXIT_PRICE].removeprefix("$")
    if not day_text and not price_text:
        return None, None
    if not day_text:
        row.error(18, EXIT_PRICE, "There is an Exit Price but no Exit Date; fill both or neither.")
        return None, None
    if not price_text:
        row.error(18, EXIT_DATE, "There is an Exit Date but no Exit Price; fill both or neither.")
    return _exit_date(row, day_text, entry_date), _exit_price(row, price_text)


def _exit_date(row: Row, text: str, entry_date: date | None) -> date | None:
    day = parse_date(text)
    if day is None:
        row.error(18, EXIT_DATE, not_a_date("Exit Date", text))
    elif day > row.today:
        row.error(18, EXIT_DATE, f"Exit Date {text} lies in the future; correct it.")
    elif day > row.statement_date:
        row.error(
            18, EXIT_DATE, f"Exit Date {text} lies after the statement of {row.statement_date}; correct one."
        )
    elif entry_date is not None and day < entry_date:
        row.error(18, EXIT_DATE, f"Exit Date {text} lies before the Entry Date {entry_date}; correct one.")
    return day


def _exit_price(row: Row, text: str) -> Decimal | None:
    if not text:
        return None
    price = parse_number(text)
    if price is None or not 0 <= price <= LARGEST_ENTRY or decimals(price) > _PRICE_DECIMALS:
        row.error(
            18,
            EXIT_PRICE,
            f"Exit Price Per Share {row[EXIT_PRICE]!r} is not a number of zero or more with at most "
            f"{_PRICE_DECIMALS} decimals; correct it.",
        )
    return price


def read_tags(row: Row) -> str | None:
    """The tags of the row, sorted, separated by semicolons; None if there are none."""
    tags = {tag.strip() for tag in row[TAGS].split(";")} - {""}
    for tag in sorted(tags):
        if len(tag) > LONGEST_TAG or not tag.isprintable():
            row.error(26, TAGS, f"{tag[:40]!r} is not a valid tag; write at most {LONGEST_TAG} characters.")
    return ";".join(sorted(tags)) or None
