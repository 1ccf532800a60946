"""Parse one row of a positions file, with all its errors (ERR_POS_*).

Pure: no file, no database. The rules follow the contract of the positions file, in its order.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ingestion.errors import PositionsFileError
from ingestion.files.csv_reader import Record
from ingestion.market.occ import OptionContract, looks_like_occ
from ingestion.market.symbols import LONGEST_SYMBOL, VALID_SYMBOL, normalize_symbol
from ingestion.statements.brokers.notation import option_symbol as option_in_any_notation
from ingestion.statements.columns import (
    CLASS,
    ENTRY_DATE,
    ENTRY_IS_ASSUMED,
    EXPIRATION,
    NOTES,
    OPTION_TYPE,
    STRIKE,
    SUBTYPE,
    SUBTYPES,
    SYMBOL,
    UNDERLYING,
    Row,
)
from ingestion.statements.names import detect_class, detect_subtype
from ingestion.statements.options import check_expiration, option_symbol, read_contract, refuse_option_terms
from ingestion.statements.values import (
    read_entry_date,
    read_entry_price,
    read_exit,
    read_quantity,
    read_tags,
)

_TOTALS = re.compile(r"((grand|sub) ?-?)?(totals?|sum):?", re.IGNORECASE)
_SAYS_OPTION = re.compile(r"\b(?:calls?|puts?)\b", re.IGNORECASE | re.ASCII)
_OPTION_IN_WORDS = (
    "write an option like AAPL270115C00250000, or leave Symbol empty and fill the four option columns."
)
_MAY_BE_OPTION = re.compile(r"\d.*\d", re.ASCII)  # a date and a strike


@dataclass(frozen=True)
class Lot:
    """One lot of a statement; quantity signed, prices in USD per share.

    detected_subtype: the subtype, if the file gives none and the symbol's name tells it. tags: of this lot
    alone, separated by semicolons. tags and notes are None if the cell is empty. is_entry_assumed: a download
    does not know when the lot was bought, and the user's date stands for it. spun_off_on: the ex-date of the
    spin-off with which it was received; date and price are then those of the lot that received it.
    """

    line: int
    symbol: str
    investment_class: str
    investment_subtype: str | None
    quantity: Decimal
    entry_price: Decimal
    entry_date: date
    contract: OptionContract | None
    exit_date: date | None
    exit_price: Decimal | None
    detected_subtype: str | None = None
    tags: str | None = None
    notes: str | None = None
    is_entry_assumed: bool = False
    spun_off_on: date | None = None


def parse_lot(
    record: Record, *, today: date, statement_date: date
) -> tuple[Lot | None, list[PositionsFileError]]:
    """The lot of a record, or all of its errors. No date may be after the statement or today."""
    row = Row(record, today, statement_date)
    if _TOTALS.fullmatch(row[SYMBOL]) and not row[ENTRY_DATE]:
        row.error(12, ENTRY_DATE, f"{row[SYMBOL]!r} is a row of totals, which is no position; remove it.")
        return None, row.errors
    lot = _lot(row)
    return (None, row.errors) if row.errors else (lot, [])


def _lot(row: Row) -> Lot | None:
    symbol = _symbol(row)
    investment_class = _class(row, symbol)
    contract = read_contract(row, symbol) if investment_class == "OPTIONS" else None
    if contract is not None:
        symbol = option_symbol(row, symbol, contract)
    elif investment_class in {"PUBLIC", "PRIVATE"}:
        refuse_option_terms(row, symbol, investment_class)
    subtype = _subtype(row, symbol, investment_class, contract)
    quantity = read_quantity(row)
    entry_price = read_entry_price(row, symbol, subtype)
    entry_date = read_entry_date(row)
    exit_date, exit_price = read_exit(row, entry_date)
    check_expiration(row, contract, entry_date)
    tags = read_tags(row)
    if investment_class is None or quantity is None or entry_price is None or entry_date is None:
        return None
    return Lot(
        row.record.line,
        symbol,
        investment_class,
        subtype,
        quantity,
        entry_price,
        entry_date,
        contract,
        exit_date,
        exit_price,
        subtype if not row[SUBTYPE] and contract is None and subtype != "CASH" else None,
        tags,
        row[NOTES] or None,
        is_entry_assumed=bool(row[ENTRY_IS_ASSUMED]),
    )


def _symbol(row: Row) -> str:
    """The normalized symbol, '' if it is missing or invalid."""
    text = row[SYMBOL]
    if looks_like_occ(joined := re.sub(r"\s+", "", text.upper())):
        return joined  # the OCC itself pads the root with spaces
    if _MAY_BE_OPTION.search(text) and (option := option_in_any_notation(text)):
        return option
    if not text:
        if not all(row[name] for name in (UNDERLYING, STRIKE, EXPIRATION, OPTION_TYPE)):
            row.error(1, SYMBOL, "Symbol is missing; write it, or fill the four option columns.")
        return ""
    if len(text) > LONGEST_SYMBOL:
        row.error(2, SYMBOL, f"Symbol has {len(text)} characters; at most {LONGEST_SYMBOL} are allowed.")
        return ""
    symbol = normalize_symbol(text)
    if not VALID_SYMBOL.fullmatch(symbol):
        remedy = _OPTION_IN_WORDS if _SAYS_OPTION.search(text) else "remove them."
        row.error(3, SYMBOL, f"Symbol {text!r} has characters other than A-Z 0-9 . - _ / ^ =; {remedy}")
        return ""
    return symbol


def _class(row: Row, symbol: str) -> str | None:
    text = row[CLASS].upper()
    if not text:
        if not symbol and not row.has_option_columns:
            return None
        return detect_class(symbol, has_option_columns=row.has_option_columns)
    if text not in SUBTYPES:
        valid = ", ".join(SUBTYPES)
        row.error(
            16,
            CLASS,
            f"Investment Class {row[CLASS]!r} is unknown; write {valid}, or leave it empty.",
        )
        return None
    return text


def _subtype(
    row: Row, symbol: str, investment_class: str | None, contract: OptionContract | None
) -> str | None:
    text = re.sub(r"[\s-]+", "_", row[SUBTYPE].upper())
    text = "CRYPTOCURRENCY" if text == "CRYPTO" else text
    if investment_class is None:
        return None
    if not text:
        if contract is not None:
            return contract.option_type
        return detect_subtype(symbol, investment_class)
    if text not in SUBTYPES[investment_class]:
        detected = "" if row[CLASS] else " (detected, as Investment Class is empty)"
        valid = ", ".join(SUBTYPES[investment_class])
        row.error(
            17,
            SUBTYPE,
            f"{row[SUBTYPE]!r} is not a subtype of {investment_class}{detected}; write one of {valid}.",
        )
        return None
    if contract is not None and text != contract.option_type:
        row.error(
            24,
            SUBTYPE,
            f"Investment Subtype is {text} but the option is a {contract.option_type}; correct one.",
        )
    return text
