"""Files as people have them: separators, encodings, workbooks, dates, numbers and option notations."""

import codecs
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from time import process_time
from xml.sax.saxutils import escape
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.errors import InvalidPositionsFile, PositionsFileError
from ingestion.files.csv_reader import UnreadableFileError
from ingestion.files.dates import plain_date, readings
from ingestion.files.numbers import MARKS, DecimalMark, plain_number
from ingestion.files.workbook import workbook_text
from ingestion.statements.brokers import BROKERS
from ingestion.statements.brokers.entries import EntryTerms
from ingestion.statements.formats import FileFormats
from ingestion.statements.load import Statement, read_positions_file
from tests.ingestion.statements.workbooks import MAIN, STYLES, WORKBOOK, workbook

TODAY = date(2026, 2, 2)
JUNE = date(2025, 6, 30)
NAMES = ("Symbol", "Quantity", "Entry Price Per Share", "Entry Date")
HEADER = ",".join(NAMES) + "\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "p.csv"


def read(path: Path, text: str | bytes, formats: FileFormats = FileFormats()) -> Statement:  # noqa: B008 - frozen
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_positions_file(path, today=TODAY, terms=EntryTerms(formats=formats))


def refused(path: Path, text: str | bytes) -> tuple[PositionsFileError, ...]:
    with pytest.raises(InvalidPositionsFile) as raised:
        read(path, text)
    return raised.value.errors


@pytest.mark.parametrize("end", ["\n", "\r"])
def test_a_file_of_millions_of_lines_is_refused(path: Path, end: str) -> None:
    # Silent failure prevented: ten megabytes of short lines that take two gigabytes of memory
    (error,) = refused(path, f"#{end}" * 1_100_000)
    assert (error.code, "1,100,000 lines; at most 1,048,576" in error.sentence) == ("ERR_CSV_006", True)


# --- separators, encodings -------------------------------------------------------------------------------


@pytest.mark.parametrize(("separator", "name"), [(";", "semicolons"), ("\t", "tabs")])
@pytest.mark.parametrize("first", ["", "sep={}\n"], ids=["plain", "stated"])
def test_other_separators_are_read_and_reported_once(
    path: Path, separator: str, name: str, first: str
) -> None:
    text = (HEADER + "AAPL,1,204.94,2025-06-30\nMSFT,2,497.41,2025-06-30\n").replace(",", separator)
    statement = read(path, first.format(separator) + text)
    assert [lot.entry_price for lot in statement.lots] == [Decimal("204.94"), Decimal("497.41")]
    assert statement.notices == (f"The file is separated by {name}.",)
    assert [lot.line for lot in statement.lots] == ([3, 4] if first else [2, 3])


@pytest.mark.parametrize(
    ("mark", "encoding", "name"),
    [
        (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
        (b"", "utf-16-le", "UTF-16"),
        (b"", "cp1252", "Latin-1"),
        (codecs.BOM_UTF8, "utf-8", None),
    ],
)
def test_encodings(path: Path, mark: bytes, encoding: str, name: str | None) -> None:
    text = HEADER.strip() + ",Notes\nAAPL,1,204.94,2025-06-30,“à Zürich” · 5 €\n"
    statement = read(path, mark + text.encode(encoding))
    assert statement.lots[0].notes == "“à Zürich” · 5 €"
    assert statement.notices == ((f"The file is read as {name}.",) if name else ())


@pytest.mark.parametrize("cell", [b"\xc3\xc3", b"Z\xfcrich \xc3\xa4\xa4", b"\x81", b"\xfc\x00"])
def test_a_damaged_encoding_is_one_error_that_names_its_line(path: Path, cell: bytes) -> None:
    content = HEADER.encode() + b"AAPL,1,2,2025-06-30\nMSFT,1,2,2025-06-30\n# " + cell + b"\xa4\n"
    assert [(one.code, one.row) for one in refused(path, content)] == [("ERR_CSV_006", 4)]


def test_a_row_with_too_few_cells_is_one_error(path: Path) -> None:
    # Silent failure prevented: a missing separator moves every later cell into another column
    header = HEADER.strip() + ",Investment Class,Investment Subtype,Exit Date,Exit Price Per Share\n"
    rows = "AAPL,1,2,2025-06-30,PUBLIC,2025-07-01,3\nMSFT,1,2,2025-06-30\nVTI,5,2025-06-30\n"
    (error,) = refused(path, header + rows)
    assert (error.code, error.row) == ("ERR_CSV_006", 2)
    assert error.sentence.startswith("7 cells, 8 columns expected")
    assert error.sentence.endswith("So have rows 4.")


def test_blank_rows_and_quoted_comments_of_a_spreadsheet_are_ignored(path: Path) -> None:
    text = ';;;\n"# lots; of June";;;\n' + HEADER.replace(",", ";") + "AAPL;1;2,5;2025-06-30\n;;;\n"
    assert [lot.line for lot in read(path, text).lots] == [4]


# --- workbooks -------------------------------------------------------------------------------------------


def test_a_workbook_is_read_with_its_dates_and_every_digit(tmp_path: Path) -> None:
    rows = [
        ["# my lots, of June"],
        [],
        [*NAMES, "Investment Class", "Notes"],
        ["AAPL", 100, 204.94000000000003, JUNE, None, "a\nb"],
        ["VTI", 250.125, 301.55, date(2025, 7, 31), "PUBLIC", True],
        ["0050", -5, "1,234.5", "6/30/2025", None, None],
    ]
    path = tmp_path / "p.xlsx"
    path.write_bytes(workbook(rows))
    statement = read_positions_file(path, today=TODAY)
    assert [
        (lot.line, lot.symbol, lot.quantity, lot.entry_price, lot.entry_date) for lot in statement.lots
    ] == [
        (4, "AAPL", 100, Decimal("204.94"), JUNE),
        (5, "VTI", Decimal("250.125"), Decimal("301.55"), date(2025, 7, 31)),
        (6, "0050", -5, Decimal("1234.5"), JUNE),
    ]
    assert [lot.notes for lot in statement.lots] == ["a b", "TRUE", None]
    assert statement.notices[0] == "The first sheet of the workbook was read."


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_sheet_that_excel_does_not_show_is_not_loaded(path: Path, state: str) -> None:
    # Silent failure prevented: other positions than those that somebody looked at
    book = WORKBOOK.replace('r:id="rId3"', f'r:id="rId3" state="{state}"')
    shown = f'<worksheet xmlns="{MAIN}"><row><c t="str"><v>SHOWN</v></c></row></worksheet>'
    assert workbook_text(workbook([["HIDDEN"]], workbook=book, sheet1=shown)) == "SHOWN\n"
    (error,) = refused(path, workbook([["A"]], workbook=book.replace('r:id="rId1"', f'state="{state}"')))
    assert (error.code, "no visible sheet" in error.sentence) == ("ERR_CSV_003", True)


def test_a_workbook_of_1904_and_the_first_days_of_1900() -> None:
    book = WORKBOOK.replace("<workbookPr/>", '<workbookPr date1904="1"/>')
    assert workbook_text(workbook([[date(2025, 6, 30)]], workbook=book)) == "2029-07-01\n"
    assert workbook_text(workbook([[date(1900, 1, 1), date(1900, 2, 27)]])) == "1900-01-02,1900-02-28\n"


@pytest.mark.parametrize("number", ["1e309", "-1e999999", "1e30000000", "1e99999999999999999999"])
def test_a_number_that_excel_does_not_have_is_an_error_of_its_row(path: Path, number: str) -> None:
    rows: list[Sequence[str | float | date]] = [NAMES, ["AAPL", 7.5, 2, JUNE]]
    with ZipFile(BytesIO(workbook(rows))) as archive:
        sheet = archive.read("xl/worksheets/sheet2.xml").decode()
    (error,) = refused(path, workbook(rows, sheet2=sheet.replace("7.5", number)))
    assert (error.row, error.field, error.value) == (2, "Quantity", number)


REPEATED = '<row><c t="s"><v>0</v></c></row>' * 40
MANY = " ".join(f'a{number}=""' for number in range(200_000))
CELLS = '<si><t>A</t></si><row><c t="str"><v>A</v></c></row>'
WIDE = '<row><c><v>1</v></c><c r="IV1"><v>1</v></c></row>' * 6000
NESTED = f'<x xmlns="{MAIN}">{"<a>" * 1000}{CELLS}{"</a>" * 1000}</x>'


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 and no more",
        workbook([["A"]])[:-30],
        workbook([["A"]], sheet2="<!DOCTYPE x [<!ENTITY a 'b'>]><worksheet>&a;</worksheet>"),
        workbook(
            [["A"]], sheet2=f'<worksheet xmlns="{MAIN}"><row r="9999999"><c><v>1</v></c></row></worksheet>'
        ),
        workbook(
            [["A"]], sheet2=f'<worksheet xmlns="{MAIN}"><row><c r="XFD1"><v>1</v></c></row></worksheet>'
        ),
        workbook([["A"]], sheet2=f'<worksheet xmlns="{MAIN}"><row><c t="s"><v>7</v></c></row></worksheet>'),
        workbook([["A"]], sheet2=f'<worksheet xmlns="{MAIN}"><row><c t="s"><v>-1</v></c></row></worksheet>'),
        workbook([["A"]], sharedStrings="<sst>"),
        workbook([["A"]], workbook="<workbook/>"),
        workbook([["A"]], sheet2="\n" * 65 * 1024**2),
        workbook(
            [["A"]],
            sheet2=f'<worksheet xmlns="{MAIN}">{REPEATED}</worksheet>',
            sharedStrings=f'<sst xmlns="{MAIN}"><si><t>{"x" * 1024**2}</t></si></sst>',
        ),
        workbook([["A"]], sheet2=f'<worksheet xmlns="{MAIN}">{WIDE}</worksheet>'),
        workbook([["A"]], sheet2=f'<worksheet xmlns="{MAIN}"><row {MANY}><c><v>1</v></c></row></worksheet>'),
        workbook([["A"]], sheet2=NESTED),
        workbook([["A"]], sharedStrings=NESTED),
        workbook([["A"]], styles=NESTED),
    ],
    ids=[
        *(
            "no_archive",
            "cut",
            "entity",
            "row",
            "column",
            "string",
            "no_string",
            "no_xml",
            "no_sheet",
            "too_large",
        ),
        *("repeated", "wide", "attributes", "nested_cells", "nested_strings", "nested_styles"),
    ],
)
def test_a_damaged_or_hostile_workbook_is_refused(path: Path, content: bytes) -> None:
    (error,) = refused(path, content)
    assert error.code in {"ERR_CSV_006", "ERR_CSV_003"}


@pytest.mark.parametrize("code", ["[", '"', '["', '"[', "m_"])
def test_a_format_of_a_workbook_is_read_in_time_in_proportion(code: str) -> None:
    # Silent failure prevented: a workbook of four kilobytes that is never read to its end
    own = STYLES.replace("&quot;day&quot;0.00", escape(code * 150_000, {'"': "&quot;"}))
    content = workbook([["A", 1.5]], styles=own)
    begin = process_time()
    assert workbook_text(content) == "A,1.5\n"
    assert process_time() - begin < 2


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_change_of_a_workbook_is_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(workbook([[*NAMES], ["AAPL", 1, 2.5, JUNE]]))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(UnreadableFileError):
        assert workbook_text(bytes(content)).count("\n") < 100


def test_an_old_workbook_is_named(path: Path) -> None:
    (error,) = refused(path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    assert (error.code, "save it as .xlsx" in error.sentence) == ("ERR_CSV_002", True)


# --- dates -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("2025-06-30", "2025-6-30", "2025/06/30", "2025.06.30", "20250630", "2025-06-30 00:00:00"),
        *("30-Jun-25", "30 Jun 2025", "30-JUN-2025", "30. June 2025", "Jun 30, 2025", "June 30 2025"),
        *("2025-Jun-30", "2025-06-30T00:00:00"),
    ],
)
def test_dates_with_one_reading(text: str) -> None:
    assert plain_date(text, TODAY) == JUNE


@pytest.mark.parametrize(
    "text",
    ["2025-02-30", "30-Jum-25", "31-Jun-25", "Junk 30 2025", "6302025", "\uff12\uff10\uff12\uff15-06-30"],
)
def test_texts_that_are_no_date(text: str) -> None:
    assert plain_date(text, TODAY) is None


def test_a_year_of_two_digits_is_not_in_the_future() -> None:
    assert readings("30-06-25", TODAY) == {"DMY": JUNE}
    assert readings("25/06/30", TODAY) == {"YMD": JUNE}
    assert readings("6/30/95", TODAY) == {"MDY": date(1995, 6, 30)}
    assert readings("1/15/27", None)["MDY"] == date(2027, 1, 15)


@pytest.mark.parametrize(
    ("dates", "found", "notice"),
    [
        (["6/7/2025", "6/30/2025"], [date(2025, 6, 7), JUNE], "month first: 6/7/2025 is 2025-06-07"),
        (["07.06.2025", "30.06.2025"], [date(2025, 6, 7), JUNE], "day first: 07.06.2025 is 2025-06-07"),
        (["6/6/2025", "2025-06-30"], [date(2025, 6, 6), JUNE], "month first: 6/6/2025 is 2025-06-06"),
    ],
)
def test_the_dates_of_a_file_have_one_order(
    path: Path, dates: list[str], found: list[date], notice: str
) -> None:
    rows = "".join(f"AAPL,1,{place + 1},{text}\n" for place, text in enumerate(dates))
    statement = read(path, HEADER + rows)
    assert [lot.entry_date for lot in statement.lots] == found
    assert statement.notices == (f"Dates are read {notice}.",)


def test_dates_with_two_readings_are_asked_about_once(path: Path) -> None:
    # Silent failure prevented: lots entered months before or after they were bought
    text = HEADER + "AAPL,1,2,6/6/2025\n" + "".join(f"AAPL,1,{price},6/7/2025\n" for price in range(3, 200))
    (error,) = refused(path, text)
    assert (error.code, error.row, error.field, error.value) == ("ERR_POS_013", 3, "Entry Date", "6/7/2025")
    assert "6/7/2025 is 2025-06-07 (MDY) or 2025-07-06 (DMY)" in error.sentence
    assert "--date-format MDY or --date-format DMY" in error.sentence
    assert read(path, text, FileFormats("DMY")).lots[1].entry_date == date(2025, 7, 6)
    assert read(path, text, FileFormats("MDY")).lots[1].entry_date == date(2025, 6, 7)


def test_dates_in_two_orders_are_one_error(path: Path) -> None:
    (error,) = refused(path, HEADER + "AAPL,1,2,6/30/2025\nAAPL,1,3,30/6/2025\nAAPL,1,4,30/6/2025\n")
    assert (error.code, error.row) == ("ERR_POS_013", 3)
    assert "6/30/2025 in row 2 is month first, 30/6/2025 in row 3 is day first" in error.sentence


def test_expirations_and_exits_are_dates_of_the_file(path: Path) -> None:
    header = (
        HEADER.strip()
        + ",Underlying Symbol,Strike Price,Expiration Date,Option Type,Exit Date,Exit Price Per Share\n"
    )
    (lot,) = read(path, header + ',1,"2",6/7/2025,AAPL,"$1,200",1/15/27,CALL,7/1/2025,(0)\n').lots
    assert (lot.entry_date, lot.exit_date, lot.exit_price) == (date(2025, 6, 7), date(2025, 7, 1), 0)
    assert lot.symbol == "AAPL270115C01200000"


def test_a_spreadsheets_number_of_a_day_is_named(path: Path) -> None:
    # not read: a workbook counts from 1900 or from 1904, and a file does not say from which
    (error,) = refused(path, HEADER + "AAPL,1,2,45902\n")
    assert error.code == "ERR_POS_013"
    assert (
        "a spreadsheet's number of one, perhaps of 2025-09-02; format the column as dates" in error.sentence
    )
    assert "number of one" not in refused(path, HEADER + "AAPL,1,2,459\n")[0].sentence


@pytest.mark.parametrize("symbol", ["Total", "TOTALS:", "Grand total", "Subtotal", "Sum"])
def test_a_row_of_totals_is_one_error_that_says_so(path: Path, symbol: str) -> None:
    (error,) = refused(path, HEADER + f"AAPL,1,2,2025-06-30\n{symbol},1,,\n")
    assert (error.row, error.field) == (3, "Entry Date")
    assert error.sentence == f"{symbol!r} is a row of totals, which is no position; remove it."


# --- numbers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        *[("(20)", "point", "-20"), ("50-", "point", "-50"), ("($1,234.50)", "point", "-1234.50")],
        *[("-$5", "point", "-5"), ("$-5", "point", "-5"), ("US$ 7.25", "point", "7.25")],
        *[("1 234,56", "comma", "1234.56"), ("1.234,56", "comma", "1234.56"), ("12 USD", "point", "12")],
        *[("1'234.5", "point", "1234.5"), ("\u22123", "point", "-3")],
        *[("1\u202f234", "point", "1234"), (".5", "point", "0.5"), ("5.", "point", "5")],
        *[("12,50", "point", None), ("12.50", "comma", None), ("1.5", "comma", None)],
        ("1,234.5678901234567890", "point", "1234.5678901234567890"),
        *[(text, "point", None) for text in ("", "$", "(5", "5)", "--5", "+-1", "(-5-)", "1e", ".", "1 23")],
        *[(text, "point", None) for text in ("NaN", "5%")],
    ],
)  # fmt: skip
def test_plain_numbers(text: str, mark: DecimalMark, number: str | None) -> None:
    assert plain_number(text, mark) == number


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9))
def test_no_digit_of_a_number_is_lost(number: Decimal) -> None:
    swapped = f"{number:,f}".translate(str.maketrans(",.", ".,"))
    assert Decimal(plain_number(f"{number:,f}") or "NaN") == number
    assert Decimal(plain_number(swapped, "comma") or "NaN") == number
    assert Decimal(plain_number(f"({abs(number):,f})") or "NaN") == -abs(number)


@given(st.text(max_size=8), st.sampled_from(MARKS))
def test_any_text_is_a_plain_number_or_none(text: str, mark: DecimalMark) -> None:
    number = plain_number(text, mark)
    assert number is None or Decimal(number).is_finite()


def test_decimal_commas_are_read_where_a_number_shows_them(path: Path) -> None:
    text = (HEADER + "AAPL,1.250,1.204.94,2025-06-30\nMSFT,(20),7.5,2025-06-30\n").replace(",", ";")
    statement = read(path, text.replace("1.204.94", "1.204,94").replace("7.5", "7,5"))
    assert [(lot.quantity, lot.entry_price) for lot in statement.lots] == [
        (1250, Decimal("1204.94")),
        (-20, Decimal("7.5")),
    ]
    assert statement.notices[1:] == (
        "Numbers are read with a decimal comma: 1.204,94 is 1204.94.",
        "(20) is read as -20, a short.",
    )


def test_numbers_with_two_readings_are_asked_about_once(path: Path) -> None:
    # Silent failure prevented: a position a thousand times as large
    text = HEADER.replace(",", ";") + "AAPL;1.250;7;2025-06-30\nMSFT;2.500;8;2025-06-30\n"
    (error,) = refused(path, text)
    assert (error.code, error.row, error.field, error.value) == ("ERR_POS_005", 2, "Quantity", "1.250")
    assert "1.250 is 1.250 or 1250. Say which with --decimal point or --decimal comma" in error.sentence
    assert read(path, text, FileFormats(decimal="comma")).lots[0].quantity == 1250
    assert read(path, text, FileFormats(decimal="point")).lots[0].quantity == Decimal("1.25")


def test_between_commas_a_comma_groups_thousands(path: Path) -> None:
    assert read(path, HEADER + 'AAPL,"1,250",7,2025-06-30\n').lots[0].quantity == 1250
    assert read(path, HEADER + 'AAPL,"1,250","7,5",2025-06-30\n').lots[0].quantity == Decimal("1.25")


# --- symbols and messages --------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ['="AAPL"', '"=""AAPL"""', "aapl"])
def test_a_formula_that_keeps_a_text_is_that_text(path: Path, cell: str) -> None:
    assert read(path, HEADER + f'{cell},="1",2,="2025-06-30"\n').lots[0].symbol == "AAPL"


@pytest.mark.parametrize(
    "notation",
    [
        *("AAPL270115P00200000", "AAPL  270115P00200000", "-AAPL270115P200", "AAPL270115P200"),
        *("AAPL 01/15/2027 200.00 P", "AAPL 15JAN27 200 P", "AAPL JAN 15 2027 $200 PUT"),
        *("AAPL Jan 15 '27 $200 Put", "AAPL 1/15/2027 Put $200.00", "AAPL#M1527B20000"),
    ],
)
def test_our_file_takes_every_broker_notation_of_an_option(path: Path, notation: str) -> None:
    (lot,) = read(path, HEADER + f"{notation},-1,5,2025-06-30\n").lots
    assert (lot.symbol, lot.investment_class) == ("AAPL270115P00200000", "OPTIONS")


def test_a_message_is_shown_once_and_names_the_other_rows(path: Path) -> None:
    text = HEADER + "".join(f"AAPL,{number}x,5,\n" for number in range(40))
    path.write_text(text)
    with pytest.raises(InvalidPositionsFile) as raised:
        read_positions_file(path, today=TODAY)
    assert len(raised.value.errors) == 80  # every row, for programs
    shown = str(raised.value).splitlines()
    assert len(shown) == 3
    assert shown[1].count("Also in rows 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 29 more.") == 1
    assert "Quantity '0x' is not a number" in shown[1]
    path.write_text(HEADER + "AAPL,1x,5,2025-06-30\nMSFT,2x,5,2025-06-30\n")
    with pytest.raises(InvalidPositionsFile, match=r"Also in row 3\."):
        read_positions_file(path, today=TODAY)


def test_an_unknown_download_names_the_brokers_and_the_template(path: Path) -> None:
    (error,) = refused(path, "Ticker,Shares,Average\nAAPL,1,2\n")
    assert (error.code, error.row) == ("ERR_CSV_005", 1)
    assert "(ticker,shares,average)" in error.sentence
    for name in (*BROKERS, "sigmasight template"):
        assert name in error.sentence
    assert "Entry Date" not in error.sentence


@pytest.mark.parametrize(
    ("broker", "header"),
    [
        ("Robinhood", "Activity Date,Process Date,Settle Date,Instrument,Description,Trans Code,Quantity"),
        ("Trading 212", "Action,Time,ISIN,Ticker,Name,No. of shares,Price / share"),
    ],
)
def test_a_list_of_transactions_is_named(path: Path, broker: str, header: str) -> None:
    (error,) = refused(path, header + "\n1/2/2025,1/2/2025,1/3/2025,AAPL,x,Buy,1\n")
    assert f"a list of transactions of {broker}; download its positions" in error.sentence


def test_an_option_in_words_is_not_told_to_lose_its_spaces(tmp_path: Path) -> None:
    # Silent failure prevented: NVDACALL190JAN2026, a stock without prices
    row = "NVDA call 190 Jan 2026,2,11.5,2025-06-30\n"
    header = "Symbol,Quantity,Entry Price Per Share,Entry Date\n"
    (error,) = refused(tmp_path / "mine.csv", header + row)
    assert error.code == "ERR_POS_003"
    assert error.sentence.endswith(
        "write an option like AAPL270115C00250000, or leave Symbol empty and fill the four option columns."
    )
    (other,) = refused(tmp_path / "mine.csv", header + "AA PL,2,11.5,2025-06-30\n")
    assert other.sentence.endswith("; remove them.")
