"""Position downloads of E*Trade, Merrill, Morgan Stanley, Robinhood, Trading 212 and Degiro.

The README of broker_files says which published description each file follows.
"""

import csv
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ingestion.statements.brokers import BROKERS, recognize
from ingestion.statements.formats import FileFormats
from tests.ingestion.statements.broker_lots import (
    DAY,
    ENTRY,
    FILES,
    PUT,
    errors,
    read,
    row,
    short,
)
from tests.ingestion.statements.workbooks import workbook

Write = Callable[[str, str], Path]

ISINS = {"US0378331005": "AAPL", "US67059N1081": "NTNX"}


def refused(path: Path, **terms: object) -> list[tuple[str, int | None, str]]:
    return [(error.code, error.row, error.sentence) for error in errors(path, **terms)]


def test_etrade_with_the_lots_of_an_expanded_position() -> None:
    statement = read(FILES / "PortfolioDownload.csv", entry_date=ENTRY)
    assert statement.as_of == DAY
    assert [short(lot) for lot in statement.lots] == [
        row("AAPL", "100", "204.94"),
        row("AAPL", "50", "210", date(2025, 6, 30)),
        row(PUT, "-3", "15", subtype="PUT"),
        row("BRK-B", "10", "485.77"),
        row("VMFXX", "13046", "1", DAY, "CASH"),
        row("CASH_USD", "7096.82", "1", DAY, "CASH"),
    ]
    assumed = [lot.is_entry_assumed for lot in statement.lots]
    assert assumed == [False, False, True, True, False, False]  # lots have their dates, and cash needs none
    assert {holding.account for holding in statement.listed} == {"Individual Brokerage -4321"}


def test_etrade_lots_that_are_not_the_whole_position_are_not_taken(write: Write) -> None:
    text = (FILES / "PortfolioDownload.csv").read_text().replace("--,--,--,50.0000", "--,--,--,40.0000")
    statement = read(write("p.csv", text), entry_date=ENTRY)
    assert short(statement.lots[0]) == row("AAPL", "150", "206.6267")


def test_merrill_holdings() -> None:
    statement = read(FILES / "merrill_holdings.csv", entry_date=ENTRY)
    assert statement.as_of == DAY
    assert [short(lot) for lot in statement.lots] == [
        row("AAPL", "100", "204.94"),
        row("TSLA", "50", "341.06"),
        row(PUT, "-3", "15", subtype="PUT"),
        row("CASH_USD", "200", "1", DAY, "CASH"),  # two sweeps
    ]


def test_merrill_unrealized_gains_have_lots_with_their_dates() -> None:
    statement = read(FILES / "merrill_unrealized.csv")
    assert [short(lot) for lot in statement.lots] == [
        row("MSFT", "25", "497.41", date(2025, 6, 30)),
        row("MSFT", "15", "478.3367", date(2025, 5, 12)),
    ]


def test_merrill_page() -> None:
    statement = read(FILES / "merrill_page.csv", entry_date=ENTRY)
    assert statement.as_of == DAY
    assert [short(lot) for lot in statement.lots] == [
        row("AMD", "5", "87.19"),
        row("AAPL", "10", "204.94"),
        row("CASH_USD", "500", "1", DAY, "CASH"),
    ]
    assert "Row 11: pending activity is not a position and was left out." in statement.notices


def test_morgan_stanley_as_a_workbook_and_as_csv(tmp_path: Path) -> None:
    path = FILES / "morgan_stanley.csv"
    expected = [
        row("AAPL", "100", "204.94"),
        row("SCHB", "100", "23.7", subtype="ETF"),
        row(PUT, "2", "15.0066", subtype="PUT"),
        row("CASH_USD", "161.5", "1", DAY, "CASH"),
    ]
    book = tmp_path / "Holdings Ungrouped.xlsx"
    with path.open(newline="") as opened:
        rows = [[_cell(cell) for cell in line] for line in csv.reader(opened)]
    book.write_bytes(workbook(rows))
    for one in (path, book):
        statement = read(one, entry_date=ENTRY)
        assert statement.as_of == DAY
        assert [short(lot) for lot in statement.lots] == expected


def _cell(text: str) -> str | float | None:
    try:
        return float(text)
    except ValueError:
        return text or None


def test_robinhood_in_its_layouts(tmp_path: Path) -> None:
    first = read(FILES / "robinhood_instruments.csv", DAY, entry_date=ENTRY)
    assert [short(lot) for lot in first.lots] == [
        row("AAPL", "50", "142.8"),
        row("MSFT", "30.25", "280.5"),
        row(PUT, "2", "15.01", subtype="PUT"),
    ]
    second = read(FILES / "robinhood_positions.csv", DAY, entry_date=ENTRY)
    assert [short(lot) for lot in second.lots] == [
        row("AAPL", "50", "142.8"),
        row("VTI", "10", "301.55", subtype="ETF"),
        row("BTC", "0.05", "90000", subtype="CRYPTOCURRENCY"),
    ]
    page = tmp_path / "page.csv"
    page.write_text(
        "Name,Symbol,Shares,Price,Average cost,Total return,Equity\n"
        'Apple,AAPL,12.5,$205.17,$101.20,"$1,299.63","$2,564.63"\n'
    )
    third = read(page, DAY, entry_date=ENTRY)
    assert [short(lot) for lot in third.lots] == [row("AAPL", "12.5", "101.2")]
    assert [holding.market_price for holding in third.listed] == [Decimal("205.17")]


def test_trading_212_needs_its_currency() -> None:
    # Silent failure prevented: pounds or euros loaded as dollars
    path = FILES / "trading_212_pie.csv"
    ((code, _, sentence),) = refused(path, entry_date=ENTRY)
    assert (code, "give --currency USD" in sentence) == ("ERR_PORT_008", True)
    ((code, _, sentence),) = refused(path, entry_date=ENTRY, currency="gbp")
    assert sentence.startswith("The download is in GBP, and only USD can be loaded")
    statement = read(path, DAY, entry_date=ENTRY, currency="usd")
    assert [short(lot) for lot in statement.lots] == [
        row("AAPL", "10", "204.94"),
        row("MSFT", "1.25", "497.41"),
    ]


def test_degiro_has_decimal_commas_and_isins() -> None:
    path = FILES / "degiro_portfolio.csv"
    ((code, line, sentence),) = refused(path, at_market=True)
    assert (code, line) == ("ERR_POS_001", 4)
    assert "(US0378331005, US67059N1081)" in sentence
    assert "--symbol US0378331005=SYMBOL" in sentence
    statement = read(path, DAY, at_market=True, symbols=ISINS)
    assert [short(lot) for lot in statement.lots] == [
        row("CASH_USD", "1079.92", "1", DAY, "CASH"),
        row("AAPL", "1100", "229.72", DAY),
        row("NTNX", "20", "46.57", DAY),
    ]


def test_degiro_with_points_semicolons_another_language_and_one_cell_per_value(write: Write) -> None:
    lines = (
        "Product,Symbol/ISIN,Amount,Closing,Local value,Value in CHF\n"
        "APPLE INC,US0378331005,11,229.72,USD 2526.92,2021.50\n"
    )
    statement = read(write("p.csv", lines), DAY, at_market=True, symbols=ISINS)
    assert short(statement.lots[0]) == row("AAPL", "11", "229.72", DAY)
    lines = (
        "Produit;Symbole/ISIN;Quantité;Clôture;Valeur;;Montant en EUR\n"
        "APPLE INC;US0378331005;11;229,72;USD;2526,92;2163,04\n"
    )
    statement = read(write("q.csv", lines), DAY, at_market=True, symbols=ISINS)
    assert short(statement.lots[0]) == row("AAPL", "11", "229.72", DAY)


def test_degiro_in_another_currency_is_an_error(write: Write) -> None:
    text = (FILES / "degiro_portfolio.csv").read_text()
    path = write("p.csv", text.replace('EUR,"0,00","0,00"', 'EUR,"10,00","10,00"'))
    ((code, line, sentence),) = refused(path, at_market=True, symbols=ISINS)
    assert (code, line) == ("ERR_PORT_008", 2)
    assert "is in EUR, and only USD can be loaded" in sentence


def test_numbers_of_a_download_with_two_readings_are_asked_about(write: Write) -> None:
    text = "Instrument;Quantity;Average Cost\nAAPL;1.250;204\n"
    path = write("p.csv", text)
    ((code, line, sentence),) = refused(path, entry_date=ENTRY)
    assert (code, line) == ("ERR_POS_005", 2)
    assert "--decimal point or --decimal comma" in sentence
    lots = read(path, DAY, entry_date=ENTRY, formats=FileFormats(decimal="comma")).lots
    assert short(lots[0]) == row("AAPL", "1250", "204")


def test_every_file_is_recognized_as_its_broker() -> None:
    found = [recognize(path.read_text(), FileFormats()) for path in FILES.glob("*.csv")]
    assert {export.broker for export in found if export} == set(BROKERS)
    assert None not in found


@pytest.mark.parametrize(
    ("name", "totals"),
    [
        ("PortfolioDownload.csv", {"Individual Brokerage -4321": Decimal("55311.82")}),
        ("merrill_page.csv", {"": Decimal("4045.60")}),
        ("morgan_stanley.csv", {"Joint - 1234": Decimal("28443.50")}),
        ("trading_212_pie.csv", {"": Decimal("2930.5625")}),
        ("merrill_holdings.csv", {}),
    ],
)
def test_the_total_that_a_download_states(name: str, totals: dict[str, Decimal]) -> None:
    export = recognize((FILES / name).read_text(), FileFormats())
    assert export is not None
    assert export.account_values == totals


def test_the_total_of_several_accounts_is_of_none_of_them() -> None:
    text = (FILES / "morgan_stanley.csv").read_text().replace("Joint - 1234,APPLE", "IRA - 99,APPLE")
    export = recognize(text, FileFormats())
    assert export is not None
    assert export.accounts == ("IRA - 99", "Joint - 1234")
    assert export.account_values == {}
