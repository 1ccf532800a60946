"""The positions file: how it is read, and every error of the catalogue."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingestion.errors import InvalidPositionsFile
from ingestion.files.csv_reader import parse_number
from ingestion.statements.load import read_positions_file
from ingestion.statements.names import detect_class, detect_subtype
from ingestion.statements.rows import Lot

Write = Callable[[str, str], Path]

TODAY = date(2026, 2, 2)
HEADER = (
    "Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment Subtype,Underlying Symbol,"
    "Strike Price,Expiration Date,Option Type,Exit Date,Exit Price Per Share\n"
)
CALL = ",10,1.5,2025-06-30,OPTIONS,,{},{},{},{},,\n"


def read(path: Path) -> tuple[Lot, ...]:
    return read_positions_file(path, today=TODAY).lots


def codes(path: Path) -> list[tuple[str, int | None, str | None]]:
    with pytest.raises(InvalidPositionsFile) as raised:
        read(path)
    for error in raised.value.errors:
        assert error.sentence.endswith("."), error
        assert str(error) in str(raised.value)
    return [(error.code, error.row, error.field) for error in raised.value.errors]


def test_a_file_of_trades_needs_no_entries_and_may_repeat_a_symbol(write: Write) -> None:
    path = write(
        "p.csv", "Symbol,Quantity,Entry Price Per Share,Entry Date\nTLT,568,,\nTLT,-20,,\nSPY,5,1,someday\n"
    )
    lots = read_positions_file(path, today=TODAY, has_entries=False).lots
    assert [(lot.symbol, lot.quantity) for lot in lots] == [("TLT", 568), ("TLT", -20), ("SPY", 5)]
    with pytest.raises(InvalidPositionsFile, match="ERR_POS_008"):
        read(path)


# --- reading ---------------------------------------------------------------------------------------------


def test_a_row_is_read_exactly(write: Write) -> None:
    text = HEADER + 'brk.b,"-1,234.567891",$485.77,2025-06-30,public,stock,,,,,2025-07-31,490.1\n'
    (lot,) = read(write("p.csv", text))
    assert lot == Lot(
        line=2,
        symbol="BRK-B",
        investment_class="PUBLIC",
        investment_subtype="STOCK",
        quantity=Decimal("-1234.567891"),
        entry_price=Decimal("485.77"),
        entry_date=date(2025, 6, 30),
        contract=None,
        exit_date=date(2025, 7, 31),
        exit_price=Decimal("490.1"),
    )


def test_comments_blank_lines_order_and_case_do_not_matter(write: Write) -> None:
    text = (
        "\ufeff# my statement\n\n ENTRY date ,symbol,QUANTITY,Entry  Price Per Share,Colour\n"
        "# the first lot\n2025-06-30,AAPL,1,2,red\n,,,,\n\n2025-06-30,MSFT,1,2,blue\n"
    )
    statement = read_positions_file(write("p.csv", text), today=TODAY)
    assert [(lot.line, lot.symbol) for lot in statement.lots] == [(5, "AAPL"), (8, "MSFT")]
    assert statement.notices == ("The column 'Colour' is unknown and was ignored.",)


@pytest.mark.parametrize("column", ["Currency", "CCY"])
def test_a_row_in_another_currency_is_refused(write: Write, column: str) -> None:
    # Silent failure prevented: euros that count as dollars, in a column that is "unknown and was ignored"
    header = f"Symbol,Quantity,Entry Price Per Share,Entry Date,{column}\n"
    statement = read_positions_file(
        write("usd.csv", header + "AAPL,1,2,2025-06-30,usd\nMSFT,1,2,2025-06-30,\n"), today=TODAY
    )
    assert statement.notices == ()
    with pytest.raises(InvalidPositionsFile) as refused:
        read_positions_file(write("eur.csv", header + "SAP,1,2,2025-06-30,EUR\n"), today=TODAY)
    [error] = refused.value.errors
    assert (error.code, error.row, error.value) == ("ERR_PORT_008", 2, "EUR")
    assert error.sentence == "SAP is in EUR, and only USD can be loaded; remove the row."


def test_cash_in_another_currency_is_refused(write: Write) -> None:
    # Silent failure prevented: 500 euros as 500 dollars, since CASH_... is worth 1
    header = "Symbol,Quantity,Entry Price Per Share,Entry Date\n"
    with pytest.raises(InvalidPositionsFile, match=r"CASH_EUR is in EUR.*ERR_PORT_008"):
        read_positions_file(write("p.csv", header + "CASH_EUR,500,1,2025-06-30\n"), today=TODAY)


def test_short_rows_and_trailing_commas_are_filled_up(write: Write) -> None:
    text = HEADER + "AAPL,1,2,2025-06-30\nMSFT,1,2,2025-06-30,,,,,,,,,,,\n"
    assert [lot.symbol for lot in read(write("p.csv", text))] == ["AAPL", "MSFT"]


@pytest.mark.parametrize(
    ("symbol", "investment_class"),
    [
        ("AAPL", "PUBLIC"),
        ("SPAXX", "PUBLIC"),
        ("CASH_USD", "PUBLIC"),
        ("VMFXX", "PUBLIC"),
        ("AAPL250815P00200000", "OPTIONS"),
        ("A16Z_VC_FUND", "PRIVATE"),
        ("BX_PRIVATE_EQUITY", "PRIVATE"),
        ("MY_PE_STAKE", "PRIVATE"),
        ("TWO_SIGMA_FUND", "PRIVATE"),
        ("HOME_EQUITY", "PRIVATE"),
        ("RENTAL_CONDO", "PRIVATE"),
        ("ART_COLLECTIBLES", "PRIVATE"),
        ("CRYPTO_BTC_ETH", "PRIVATE"),
        ("TREASURY_BILLS", "PRIVATE"),
        ("MONEY_MARKET", "PRIVATE"),
        ("STARWOOD_REIT", "PRIVATE"),
        ("FO_ART_COLLECTIVE", "PRIVATE"),
        ("RE_DUPLEX", "PRIVATE"),
        ("COLLECTIBLE_WATCHES", "PRIVATE"),
        ("REIT", "PUBLIC"),
        ("FOXA", "PUBLIC"),
    ],
)
def test_class_is_detected_from_the_symbol(symbol: str, investment_class: str) -> None:
    assert detect_class(symbol, has_option_columns=False) == investment_class


@pytest.mark.parametrize(
    ("symbol", "investment_class", "subtype"),
    [
        ("RE_DUPLEX", "PRIVATE", "REAL_ESTATE"),
        ("COLLECTIBLE_WATCHES", "PRIVATE", "ART"),
        ("TWO_SIGMA_FUND", "PRIVATE", "HEDGE_FUND"),
        ("A16Z_VC_FUND", "PRIVATE", "VENTURE_CAPITAL"),
        ("MY_PE_STAKE", "PRIVATE", "PRIVATE_EQUITY"),
        ("STARWOOD_REIT", "PRIVATE", "PRIVATE_REIT"),
        ("CRYPTO_BTC_ETH", "PRIVATE", "CRYPTOCURRENCY"),
        ("FAMILY_BUSINESS", "PRIVATE", None),
        ("VTIAX", "PUBLIC", "MUTUAL_FUND"),
        ("VMFXX", "PUBLIC", "CASH"),
        ("AAPL", "PUBLIC", None),
    ],
)
def test_a_subtype_is_detected_from_the_symbol(
    symbol: str, investment_class: str, subtype: str | None
) -> None:
    assert detect_subtype(symbol, investment_class) == subtype


def test_a_detected_private_subtype_is_announced(write: Write) -> None:
    rows = ["RE_DUPLEX,1,250000,2025-06-30,,,,,,,,", "RE_LAND,1,90000,2025-06-30,PRIVATE,OTHER,,,,,,"]
    statement = read_positions_file(write("p.csv", "\n".join([HEADER, *rows])), today=TODAY)
    assert [lot.investment_subtype for lot in statement.lots] == ["REAL_ESTATE", "OTHER"]
    assert statement.notices == (
        "Row 3: RE_DUPLEX is taken as REAL_ESTATE, by its name; fill Investment Subtype to change it.",
    )


def test_cash_has_the_price_one(write: Write) -> None:
    (lot,) = read(write("p.csv", HEADER + "SPAXX,1500.25,,2025-06-30,,,,,,,,\n"))
    assert (lot.investment_class, lot.investment_subtype, lot.entry_price) == ("PUBLIC", "CASH", 1)


def test_crypto_is_read_as_cryptocurrency(write: Write) -> None:
    (lot,) = read(write("p.csv", HEADER + "CRYPTO_BTC,1,2,2025-06-30,PRIVATE,crypto,,,,,,\n"))
    assert lot.investment_subtype == "CRYPTOCURRENCY"


@pytest.mark.parametrize(
    "cells",
    [
        "AAPL250815P00200000,-20,5.08,2025-06-30,,,,,,,,",
        "AAPL250815P00200000,-20,5.08,2025-06-30,OPTIONS,PUT,AAPL,200.0,2025-08-15,P,,",
        ",-20,5.08,2025-06-30,,,AAPL,$200,2025-08-15,put,,",
        "AAPL Put,-20,5.08,2025-06-30,OPTIONS,,AAPL,200,2025-08-15,PUT,,".replace(" Put", "-PUT"),
    ],
    ids=["symbol_alone", "symbol_and_columns", "columns_alone", "columns_and_a_name"],
)
def test_an_option_is_the_same_in_every_notation(write: Write, cells: str) -> None:
    (lot,) = read(write("p.csv", HEADER + cells + "\n"))
    assert (lot.symbol, lot.investment_class, lot.investment_subtype) == (
        "AAPL250815P00200000",
        "OPTIONS",
        "PUT",
    )
    assert lot.contract is not None
    assert (lot.contract.underlying_symbol, lot.contract.strike_price) == ("AAPL", 200)


def test_lots_of_one_symbol_and_day_stay_separate(write: Write) -> None:
    # Silent failure prevented: two lots at different prices merged into one
    text = HEADER + "AAPL,1,2,2025-06-30\nAAPL,1,2.5,2025-06-30\nAAPL,1,2,2025-07-01\n"
    assert len(read(write("p.csv", text))) == 3


# --- the catalogue of errors -----------------------------------------------------------------------------

ROW_ERRORS = {
    "symbol_missing": (",1,2,2025-06-30,,,,,,,,", "ERR_POS_001", "Symbol"),
    "symbol_too_long": (f"{'A' * 101},1,2,2025-06-30,,,,,,,,", "ERR_POS_002", "Symbol"),
    "symbol_characters": ("AA PL,1,2,2025-06-30,,,,,,,,", "ERR_POS_003", "Symbol"),
    "symbol_not_ascii": ("ÄPFEL,1,2,2025-06-30,,,,,,,,", "ERR_POS_003", "Symbol"),
    "quantity_missing": ("AAPL,,2,2025-06-30,,,,,,,,", "ERR_POS_004", "Quantity"),
    "quantity_text": ("AAPL,many,2,2025-06-30,,,,,,,,", "ERR_POS_005", "Quantity"),
    "quantity_nan": ("AAPL,NaN,2,2025-06-30,,,,,,,,", "ERR_POS_005", "Quantity"),
    "quantity_infinite": ("AAPL,Infinity,2,2025-06-30,,,,,,,,", "ERR_POS_005", "Quantity"),
    "quantity_other_digits": ("AAPL,١٢,2,2025-06-30,,,,,,,,", "ERR_POS_005", "Quantity"),
    "quantity_huge": ("AAPL,1e40,2,2025-06-30,,,,,,,,", "ERR_POS_005", "Quantity"),
    "quantity_zero": ("AAPL,0.000,2,2025-06-30,,,,,,,,", "ERR_POS_006", "Quantity"),
    "quantity_decimals": ("AAPL,1.1234567,2,2025-06-30,,,,,,,,", "ERR_POS_007", "Quantity"),
    "price_missing": ("AAPL,1,,2025-06-30,,,,,,,,", "ERR_POS_008", "Entry Price Per Share"),
    "price_text": ("AAPL,1,cheap,2025-06-30,,,,,,,,", "ERR_POS_009", "Entry Price Per Share"),
    "price_zero": ("AAPL,1,0,2025-06-30,,,,,,,,", "ERR_POS_010", "Entry Price Per Share"),
    "price_negative": ("AAPL,1,$-5,2025-06-30,,,,,,,,", "ERR_POS_010", "Entry Price Per Share"),
    "price_decimals": ("AAPL,1,1.23456,2025-06-30,,,,,,,,", "ERR_POS_011", "Entry Price Per Share"),
    "date_missing": ("AAPL,1,2,,,,,,,,,", "ERR_POS_012", "Entry Date"),
    "date_impossible": ("AAPL,1,2,2025-06-31,,,,,,,,", "ERR_POS_013", "Entry Date"),
    "date_future": ("AAPL,1,2,2026-02-03,,,,,,,,", "ERR_POS_014", "Entry Date"),
    "date_ancient": ("AAPL,1,2,1926-02-01,,,,,,,,", "ERR_POS_015", "Entry Date"),
    "class_unknown": ("AAPL,1,2,2025-06-30,STOCKS,,,,,,,", "ERR_POS_016", "Investment Class"),
    "subtype_of_another_class": (
        "AAPL,1,2,2025-06-30,PUBLIC,CALL,,,,,,",
        "ERR_POS_017",
        "Investment Subtype",
    ),
    "subtype_of_detected_class": ("AAPL,1,2,2025-06-30,,ART,,,,,,", "ERR_POS_017", "Investment Subtype"),
    "exit_before_entry": ("AAPL,1,2,2025-06-30,,,,,,,2025-06-27,3", "ERR_POS_018", "Exit Date"),
    "exit_price_alone": ("AAPL,1,2,2025-06-30,,,,,,,,3", "ERR_POS_018", "Exit Price Per Share"),
    "exit_date_alone": ("AAPL,1,2,2025-06-30,,,,,,,2025-07-01,", "ERR_POS_018", "Exit Date"),
    "exit_price_negative": ("AAPL,1,2,2025-06-30,,,,,,,2025-07-01,-3", "ERR_POS_018", "Exit Price Per Share"),
    "exit_in_the_future": ("AAPL,1,2,2025-06-30,,,,,,,2026-03-01,3", "ERR_POS_018", "Exit Date"),
    "option_underlying": (
        "AAPLX" + CALL.format("", 200, "2025-08-15", "CALL"),
        "ERR_POS_019",
        "Underlying Symbol",
    ),
    "option_strike_missing": (
        "AAPLX" + CALL.format("AAPL", "", "2025-08-15", "CALL"),
        "ERR_POS_020",
        "Strike Price",
    ),
    "option_strike_text": (
        "AAPLX" + CALL.format("AAPL", "x", "2025-08-15", "CALL"),
        "ERR_POS_020",
        "Strike Price",
    ),
    "option_strike_zero": (
        "AAPLX" + CALL.format("AAPL", "0", "2025-08-15", "CALL"),
        "ERR_POS_020",
        "Strike Price",
    ),
    "option_expiration_missing": (
        "AAPLX" + CALL.format("AAPL", 200, "", "CALL"),
        "ERR_POS_021",
        "Expiration Date",
    ),
    "option_expiration_text": (
        "AAPLX" + CALL.format("AAPL", 200, "15AUG", "C"),
        "ERR_POS_021",
        "Expiration Date",
    ),
    "option_bought_after_it_expired": (
        "AAPLX" + CALL.format("AAPL", 200, "2025-05-16", "C"),
        "ERR_POS_021",
        "Expiration Date",
    ),
    "occ_symbol_of_an_impossible_day": (
        "AAPL251332C00200000,1,2,2025-06-30,,,,,,,,",
        "ERR_POS_021",
        "Symbol",
    ),
    "option_type_missing": (
        "AAPLX" + CALL.format("AAPL", 200, "2025-08-15", ""),
        "ERR_POS_022",
        "Option Type",
    ),
    "option_type_text": (
        "AAPLX" + CALL.format("AAPL", 200, "2025-08-15", "BOTH"),
        "ERR_POS_022",
        "Option Type",
    ),
    "occ_contradicts_strike": (
        "AAPL250815C00200000" + CALL.format("AAPL", 210, "2025-08-15", "C"),
        "ERR_POS_024",
        "Symbol",
    ),
    "occ_contradicts_underlying": (
        "AAPL250815C00200000" + CALL.format("MSFT", 200, "2025-08-15", "C"),
        "ERR_POS_024",
        "Symbol",
    ),
    "option_called_public": ("AAPL250815C00200000,1,2,2025-06-30,PUBLIC,,,,,,,", "ERR_POS_024", "Symbol"),
    "subtype_contradicts_type": (
        "AAPL250815C00200000,1,2,2025-06-30,OPTIONS,PUT,,,,,,",
        "ERR_POS_024",
        "Investment Subtype",
    ),
}


@pytest.mark.parametrize("name", ROW_ERRORS)
def test_each_error_of_a_row_has_its_code_row_and_field(write: Write, name: str) -> None:
    cells, code, field = ROW_ERRORS[name]
    path = write("p.csv", HEADER + "MSFT,1,2,2025-06-30\n" + cells.rstrip("\n") + "\n")
    assert codes(path) == [(code, 3, field)]


def test_a_duplicate_names_the_earlier_row(write: Write) -> None:
    path = write("p.csv", HEADER + "BRK.B,1,2.50,2025-06-30\n# the same\nbrk-b,5,2.5,2025-06-30\n")
    assert codes(path) == [("ERR_POS_023", 4, "Symbol")]
    with pytest.raises(InvalidPositionsFile, match="is already in row 2"):
        read(path)


def test_all_errors_are_reported_at_once(write: Write) -> None:
    path = write("p.csv", HEADER + "AA PL,x,-2,2025-13-01\n\nMSFT,0,1.23456,2099-01-01\n")
    assert codes(path) == [
        ("ERR_POS_003", 2, "Symbol"),
        ("ERR_POS_005", 2, "Quantity"),
        ("ERR_POS_010", 2, "Entry Price Per Share"),
        ("ERR_POS_013", 2, "Entry Date"),
        ("ERR_POS_006", 4, "Quantity"),
        ("ERR_POS_011", 4, "Entry Price Per Share"),
        ("ERR_POS_014", 4, "Entry Date"),
    ]


GOOD_ROW = "AAPL,1,2,2025-06-30\n"
FILE_ERRORS = {
    "suffix": ("p.pdf", HEADER + GOOD_ROW, [("ERR_CSV_002", None, None)]),
    "no_workbook": ("p.xlsx", HEADER + GOOD_ROW, [("ERR_CSV_006", None, None)]),
    "empty": ("p.csv", "", [("ERR_CSV_003", None, None)]),
    "no_rows": ("p.csv", HEADER + "# nothing\n\n", [("ERR_CSV_003", None, None)]),
    "columns": (
        "p.csv",
        "Symbol,Entry Date\nAAPL,2025-06-30\n",
        [("ERR_CSV_004", 1, "Quantity"), ("ERR_CSV_004", 1, "Entry Price Per Share")],
    ),
    "ours_without_entries": (
        "p.csv",
        "Symbol;Quantity\nA;1\n",
        [("ERR_CSV_004", 1, "Entry Price Per Share"), ("ERR_CSV_004", 1, "Entry Date")],
    ),
    "no_header": ("p.csv", GOOD_ROW, [("ERR_CSV_005", 1, None)]),
    "twice": ("p.csv", "Symbol,Symbol,Quantity\nA,A,1\n", [("ERR_CSV_005", 1, None)]),
    "pipes": ("p.csv", (HEADER + GOOD_ROW).replace(",", "|"), [("ERR_CSV_005", 1, None)]),
    "cells": ("p.csv", HEADER + GOOD_ROW + "B,1,2,2025-06-30,,,,,,,,,surplus\n", [("ERR_CSV_006", 3, None)]),
    "quote": ("p.csv", HEADER + '"AAPL,1,2,2025-06-30\n', [("ERR_CSV_006", 2, None)]),
}


@pytest.mark.parametrize("name", FILE_ERRORS)
def test_each_error_of_the_file_has_its_code(write: Write, name: str) -> None:
    file_name, text, expected = FILE_ERRORS[name]
    assert codes(write(file_name, text)) == expected


def test_a_file_that_is_missing_too_large_or_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    assert codes(path) == [("ERR_PORT_007", None, None)]
    path.write_bytes(HEADER.encode() + b"# " + b"x" * 10 * 1024 * 1024)
    assert codes(path) == [("ERR_CSV_001", None, None)]
    path.write_bytes(HEADER.encode() + b"A,1,2,2025-06-30\n\x81\x8d,1,2,2025-06-30\n")
    assert codes(path) == [("ERR_CSV_006", 3, None)]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9))
def test_numbers_are_read_exactly(number: Decimal) -> None:
    assert parse_number(f"{number:f}") == number
    assert parse_number(f"{number:,f}") == number


@settings(max_examples=200)
@given(st.text(max_size=12))
@example("E0")  # an exponent of nothing
def test_any_text_parses_to_a_finite_number_or_none(text: str) -> None:
    number = parse_number(text)
    assert number is None or number.is_finite()


def test_option_lots_count_a_hundred_times_in_the_gross(write: Write) -> None:
    statement = read_positions_file(
        write("a.csv", HEADER + "AAPL250815P00200000,-2,5,2025-06-30\n"), today=TODAY
    )
    assert statement.gross_at_cost == 1000
