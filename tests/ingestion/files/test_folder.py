"""A folder of files, real and synthetic; each error names its file, row and remedy."""

import errno
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from ingestion.errors import IngestionError, MalformedFileError
from ingestion.files.arrow_reader import Column, Layout, read_file
from ingestion.files.folder import load_folder
from ingestion.raw.loads import Connection, LoadReport

Write = Callable[[str, str], Path]
Count = Callable[[str], int]
TODAY = date(2026, 2, 1)

PRICES = "date,symbol,open,high,low,close,adj_close,volume\n"
ACTIONS = "symbol,ex_date,action,value,new_symbol,cash,cost_share\n"


def new_rows(reports: list[LoadReport]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for report in reports:
        totals[report.dataset] = totals.get(report.dataset, 0) + report.rows_new
    return totals


def test_the_real_folder_loads_once(connection: Connection, market_folder: Path, count: Count) -> None:
    first = load_folder(connection, market_folder)
    assert new_rows(first) == {
        "company_profiles": 35,
        "corporate_actions": 3,
        "treasury_rates": 9162,
        "prices": 41846,
        "option_quotes": 8666 + 9208 + 5882,
    }
    again = load_folder(connection, market_folder)
    assert set(new_rows(again).values()) == {0}
    assert count("raw.prices") == 41846
    reasons = connection.execute("select distinct reason, left(detail, 3) from ops.rejected_rows").fetchall()
    assert reasons == [("not_a_session", "VIX")], "only VIX rows on holidays are left out"


def test_real_splits_cause_no_return(
    connection: Connection, market_folder: Path, newest_prices: Callable[[str], pd.DataFrame]
) -> None:
    load_folder(connection, market_folder)
    netflix = newest_prices("NFLX")
    assert netflix["close"][date(2025, 11, 14)] > 1000 > netflix["close"][date(2025, 11, 17)]
    assert abs(netflix["total_return"][date(2025, 11, 17)]) < 0.05
    assert netflix["total_return"].isna().sum() == 1, "the first session alone has none"


def test_actions_are_loaded_once_corrected_and_withdrawn(connection: Connection, write: Write) -> None:
    write("prices.csv", PRICES + "2024-01-02,FB,,,,1,1,\n")
    rows = (
        "fb,2025-06-02,rename,,brk.b,,\n"
        "C,2025-06-03,cash_merger,12.5,,,\n"
        "D,2025-06-04,cash_and_stock_merger,0.5,E,1.5,0.2\n"
        "F,2025-06-05,special_dividend,3,,,\n"
    )
    folder = write("corporate_actions.csv", ACTIONS + rows).parent
    load_folder(connection, folder, today=TODAY)
    stored = "select symbol, action, value, new_symbol, cash, cost_share from raw.corporate_actions"
    assert connection.execute(f"{stored} order by ex_date").fetchall() == [
        ("FB", "rename", 1, "BRK-B", None, None),
        ("C", "cash_merger", Decimal("12.5"), None, None, None),
        ("D", "cash_and_stock_merger", Decimal("0.5"), "E", Decimal("1.5"), Decimal("0.2")),
        ("F", "special_dividend", 3, None, None, None),
    ]
    assert set(new_rows(load_folder(connection, folder, today=TODAY)).values()) == {0}
    corrected = rows.replace("rename,,brk.b", "rename,,").replace("12.5", "12").replace("1.5", "1.75")
    write("corporate_actions.csv", ACTIONS + corrected)
    first, *_ = load_folder(connection, folder, today=TODAY)
    assert (first.rows_new, first.touched_from) == (3, date(2024, 1, 2)), "a rename is of all its history"
    (gone,) = connection.execute(f"{stored} where value is null").fetchall()
    assert gone == ("FB", "rename", None, None, None, None)


def test_every_kind_of_file_is_loaded(connection: Connection, write: Write) -> None:
    folder = write("prices.csv", PRICES + "2025-06-02,brk.b,1,3,1,2.5,2.4,100\n").parent
    write("corporate_actions.csv", "symbol,ex_date,action,value\nBRK.B,2026-06-02,Split,50\n")
    write("rates.csv", "Date, Series ,VALUE\n2025-06-02,dgs10,4.46\n2025-06-03,DGS10,\n")
    write(
        "profiles.csv",
        "symbol,company_name,is_etf,is_fund,dividend_yield,beta,note\nBRK.B,Berkshire,f,f,1.5,0.9,x\n",
    )
    write(
        "option_chain_a.csv",
        "quote_date,underlying,expiration_date,option_type,strike_price,bid,ask,delta\n"
        "2025-06-02,BRK.B,2025-08-15,call,412.5,1.0,1.2,0.5\n",
    )
    reports = load_folder(connection, folder, today=TODAY)
    assert set(new_rows(reports).values()) == {1}
    price = connection.execute("select symbol, close, volume, source from raw.prices").fetchone()
    assert price == ("BRK-B", Decimal("2.5"), 100, "files")
    profile = connection.execute(
        "select name, security_type, dividend_yield, details, profile_date from raw.company_profiles"
    ).fetchone()
    assert profile == (
        "Berkshire",
        "STOCK",
        0.015,
        {"is_etf": False, "is_fund": False, "beta": 0.9, "note": "x"},
        TODAY,
    )
    quote = connection.execute(
        "select symbol, underlying_symbol, option_type, bid from raw.option_quotes"
    ).fetchone()
    assert quote == ("BRKB250815C00412500", "BRK-B", "CALL", 1)


def test_parquet_gives_the_same_rows_as_csv(connection: Connection, write: Write) -> None:
    folder = write(
        "csv/prices.csv", PRICES + "2025-06-02,A,1,3,1,2.5,2.4,100\n2025-06-03,A,,,,2.6,2.5,\n"
    ).parent
    load_folder(connection, folder, today=TODAY)
    table = pd.read_csv(folder / "prices.csv", parse_dates=["date"])
    parquet = folder.parent / "parquet"
    parquet.mkdir()
    table.to_parquet(parquet / "prices.parquet")
    (report,) = load_folder(connection, parquet, today=TODAY)
    assert (report.rows_read, report.rows_new) == (2, 0)


def test_symbols_may_come_in_any_order(
    connection: Connection, write: Write, newest_prices: Callable[[str], pd.DataFrame]
) -> None:
    lines = ["2025-06-04,B,,,,4,4,", "2025-06-02,A,,,,1,1,", "2025-06-03,B,,,,2,2,", "2025-06-03,A,,,,3,3,"]
    load_folder(connection, write("prices.csv", PRICES + "\n".join(lines) + "\n").parent, today=TODAY)
    assert newest_prices("A")["total_return"].tolist()[1] == 2.0
    assert newest_prices("B")["total_return"].tolist()[1] == 1.0


# --- restated history: the same days, downloaded before and after ------------------------------------------


def test_a_dividend_and_a_split_restate_levels_but_not_stored_rows(
    connection: Connection, write: Write
) -> None:
    # Silent failure prevented: every dividend rewriting all of history
    days = ["2025-06-02", "2025-06-03", "2025-06-04", "2025-06-05"]
    closes, adjusted = [100.0, 101.0, 99.5, 100.25], [100.0, 101.0, 99.5, 100.25]

    def lines(levels: list[float]) -> str:
        return "".join(
            f"{day},A,,,,{close},{level:.6f},\n"
            for day, close, level in zip(days, closes, levels, strict=False)
        )

    folder = write("prices.csv", PRICES + lines(adjusted)).parent
    assert new_rows(load_folder(connection, folder, today=TODAY)) == {"prices": 4}
    # a dividend of 0.75 on the next day lowers every earlier adjusted close, and a 2:1 split halves them
    factor = (1 - 0.75 / 100.25) / 2
    write("prices.csv", PRICES + lines([level * factor for level in adjusted]))
    assert new_rows(load_folder(connection, folder, today=TODAY)) == {"prices": 0}


def test_a_corrected_price_changes_its_day_and_the_next_return(
    connection: Connection, write: Write, count: Count
) -> None:
    def load(middle: float) -> LoadReport:
        closes = [10.0, middle, 12.0, 13.0]
        lines = [f"2025-06-0{2 + n},A,,,,{close},{close},\n" for n, close in enumerate(closes)]
        (report,) = load_folder(connection, write("prices.csv", PRICES + "".join(lines)).parent, today=TODAY)
        return report

    load(11.0)
    report = load(11.5)
    assert (report.rows_new, report.touched_from) == (2, date(2025, 6, 3))
    assert count("raw.prices") == 6


# --- errors ------------------------------------------------------------------------------------------------

FAULTS = {
    "negative_price": (
        "prices.csv",
        PRICES + "2025-06-02,A,,,,1,1,\n2025-06-03,A,,,,-2.5,1,\n",
        r"prices\.csv, row 3, close: -2\.5 is not above zero; correct it, or remove the row\.",
    ),
    "negative_open": (
        "prices.csv",
        PRICES + "2025-06-02,A,-1,,,1,1,\n",
        r"row 2, open: -1 is not above zero",
    ),
    "negative_volume": (
        "prices.csv",
        PRICES + "2025-06-02,A,,,,1,1,-9\n",
        r"row 2, volume: -9 is below zero",
    ),
    "nan": ("prices.csv", PRICES + "2025-06-02,A,,,,NaN,1,\n", r"row 2, close: .*nan.* is not a number"),
    "infinity": ("prices.csv", PRICES + "2025-06-02,A,,,,inf,1,\n", r"row 2, close: .*inf.* is not a number"),
    "text_for_a_number": (
        "prices.csv",
        PRICES + "2025-06-02,A,,,,1,1,\n\n2025-06-03,A,,,,abc,1,\n",
        r"row 4, close: 'abc' is not a number; write it with digits and a point",
    ),
    "thousands_separator": (
        "prices.csv",
        PRICES + '2025-06-02,A,,,,"1,000",1,\n',
        r"row 2, close: '1,000' is not a number",
    ),
    "unreadable_date": (
        "prices.csv",
        PRICES + "06/02/2025,A,,,,1,1,\n",
        r"row 2, date: '06/02/2025' is not a date; write it as YYYY-MM-DD",
    ),
    "impossible_date": (
        "prices.csv",
        PRICES + "2025-02-30,A,,,,1,1,\n",
        r"row 2, date: '2025-02-30' is not a date",
    ),
    "future_date": (
        "prices.csv",
        PRICES + "2025-06-02,A,,,,1,1,\n2026-02-02,A,,,,1,1,\n",
        r"row 3, date: 2026-02-02 lies in the future",
    ),
    "missing_column": (
        "prices.csv",
        "date,symbol,open\n2025-06-02,A,1\n",
        r"prices\.csv: has no column 'close'\. The columns are date, symbol",
    ),
    "unknown_column": (
        "prices.csv",
        "date,symbol,close,adj_clsoe\n2025-06-02,A,1,1\n",
        r"has an unknown column 'adj_clsoe'\..*rename it or remove it",
    ),
    "column_twice": (
        "prices.csv",
        "date,symbol,close,close\n2025-06-02,A,1,1\n",
        r"has the column 'close' twice",
    ),
    "missing_cell": (
        "prices.csv",
        PRICES + "2025-06-02,A,,,,1\n",
        r"row 2: the row has 6 cells where the first line names 8 columns",
    ),
    "empty_symbol": ("prices.csv", PRICES + "2025-06-02,,,,,1,1,\n", r"row 2, symbol: the cell is empty"),
    "bad_symbol": (
        "prices.csv",
        PRICES + "2025-06-02,A B,,,,1,1,\n",
        r"row 2, symbol: 'A B' is not a valid symbol",
    ),
    "contradiction": (
        "prices.csv",
        PRICES + "2025-06-02,A,,,,1,1,\n2025-06-02,B,,,,1,1,\n2025-06-02,A,,,,2,1,\n",
        r"the rows 2 and 4 give different prices of A on 2025-06-02; remove the wrong one",
    ),
    "empty_file": ("prices.csv", "", r"prices\.csv: is empty"),
    "unknown_action": (
        "corporate_actions.csv",
        "symbol,ex_date,action,value\nA,2025-06-02,merger,1\n",
        r"row 2, action: 'merger' is not a valid action; write split, dividend, special_dividend, rename",
    ),
    "merger_without_symbol": (
        "corporate_actions.csv",
        ACTIONS + "A,2025-06-02,stock_merger,0.5,,,\n",
        r"row 2, new_symbol: is empty, and a stock_merger needs it; fill it, or empty value to withdraw",
    ),
    "merger_without_cash": (
        "corporate_actions.csv",
        ACTIONS + "A,2025-06-02,cash_and_stock_merger,0.5,B,,\n",
        r"row 2, cash: is empty, and a cash_and_stock_merger needs it",
    ),
    "cash_of_a_split": (
        "corporate_actions.csv",
        ACTIONS + "A,2025-06-02,split,2,,5,\n",
        r"row 2, cash: 5.0 is of no use to a split; empty the cell, or correct the action",
    ),
    "rename_with_a_ratio": (
        "corporate_actions.csv",
        ACTIONS + "A,2025-06-02,rename,2,B,,\n",
        r"row 2, value: 2.0 is no ratio of a rename; leave the cell empty, or write a merger",
    ),
    "rename_to_itself": (
        "corporate_actions.csv",
        ACTIONS + "A,2025-06-02,rename,,a,,\n",
        r"row 2, new_symbol: 'a' is the old symbol; write the new one",
    ),
    "rename_to_no_symbol": (
        "corporate_actions.csv",
        ACTIONS + "A,2025-06-02,rename,,B C,,\n",
        r"row 2, new_symbol: 'B C' is not a valid symbol",
    ),
    "cost_share_above_one": (
        "corporate_actions.csv",
        ACTIONS + "A,2025-06-02,cash_and_stock_merger,0.5,B,3,1.5\n",
        r"row 2, cost_share: 1.5 is above 1; write a share between 0 and 1",
    ),
    "spin_off_that_takes_all_the_cost": (
        "corporate_actions.csv",
        ACTIONS + "A,2025-06-02,spin_off,0.5,B,,1\n",
        r"row 2, cost_share: 1.0 leaves one of both without cost; write a share between",
    ),
    "spin_off_of_nothing": (
        "corporate_actions.csv",
        ACTIONS + "A,2025-06-02,spin_off,0.5,,,\n",
        r"row 2, new_symbol: is empty, and a spin_off needs it",
    ),
    "negative_dividend": (
        "corporate_actions.csv",
        "symbol,ex_date,action,value\nA,2025-06-02,dividend,-1\n",
        r"row 2, value: -1 is not above zero",
    ),
    "impossible_split": (
        "corporate_actions.csv",
        ACTIONS + "A,2025-06-02,split,1e20,,,\n",
        r"row 2, value: 1e\+20 is not between 1/10,000 and 10,000 new shares per old one; correct it",
    ),
    "split_that_rounds_to_nothing": (
        "corporate_actions.csv",
        ACTIONS + "A,2025-06-02,split,1e-12,,,\n",
        r"row 2, value: 1e-12 is not between 1/10,000 and 10,000 new shares per old one; correct it",
    ),
    "impossible_ratio": (
        "corporate_actions.csv",
        ACTIONS + "A,2025-06-02,stock_merger,1e-11,B,,\n",
        r"row 2, value: 1e-11 is not a ratio",
    ),
    "impossible_dividend": (
        "corporate_actions.csv",
        "symbol,ex_date,action,value\nA,2025-06-02,dividend,1e30\n",
        r"row 2, value: 1e\+30 is no amount of USD per share; correct it",
    ),
    "impossible_cash": (
        "corporate_actions.csv",
        ACTIONS + "A,2025-06-02,cash_and_stock_merger,0.5,B,1e-11,\n",
        r"row 2, cash: 1e-11 is no amount of USD per share; correct it",
    ),
    "contradicting_actions": (
        "corporate_actions.csv",
        "symbol,ex_date,action,value\nA,2025-06-02,split,2\nA,2025-06-02,split,3\n",
        r"the rows 2 and 3 contradict each other for A, 2025-06-02, split",
    ),
    "rate_in_the_future": (
        "rates.csv",
        "date,series,value\n2026-03-02,DGS10,4\n",
        r"row 2, date: 2026-03-02 lies in the future",
    ),
    "unknown_security_type": (
        "profiles.csv",
        "symbol,security_type\nA,SHARE\n",
        r"row 2, security_type: 'SHARE' is unknown; write one of STOCK",
    ),
    "unknown_option_type": (
        "option_chain_x.csv",
        "quote_date,underlying,expiration_date,option_type,strike_price\n2025-06-02,A,2025-06-20,straddle,1\n",
        r"row 2, option_type: 'straddle' is not a valid option type; write call or put",
    ),
    "strike_too_fine": (
        "option_chain_x.csv",
        "quote_date,underlying,expiration_date,option_type,strike_price\n2025-06-02,A,2025-06-20,put,1.2345\n",
        r"row 2, strike_price: 1\.2345 has no option symbol",
    ),
}


def test_a_sector_of_gics_is_that_of_the_benchmark(connection: Connection, write: Write) -> None:
    sectors = {"A": "Financials", "B": "HEALTH CARE", "C": "financial services", "D": "Energy", "E": "Shell"}
    rows = "".join(f"{symbol},{sector}\n" for symbol, sector in {**sectors, "F": ""}.items())
    folder = write("profiles.csv", f"symbol,sector\n{rows}").parent
    write("prices.csv", PRICES + "2025-06-02,A,1,3,1,2.5,2.4,100\n")
    load_folder(connection, folder, today=TODAY)
    found = connection.execute("select symbol, sector from raw.company_profiles order by symbol").fetchall()
    assert dict(found) == {
        "A": "Financial Services",
        "B": "Healthcare",
        "C": "Financial Services",
        "D": "Energy",
        "E": "Shell",
        "F": None,
    }


@pytest.mark.parametrize("fault", FAULTS)
def test_an_error_names_file_row_and_remedy_and_loads_nothing(
    module_connection: Connection, write: Write, fault: str
) -> None:
    name, text, message = FAULTS[fault]
    folder = write(name, text).parent
    # a valid file that would be loaded before the invalid one
    if name != "profiles.csv":
        write("profiles.csv", "symbol,name\nA,Alpha\n")
    with pytest.raises(MalformedFileError, match=message) as raised:
        load_folder(module_connection, folder, today=TODAY)
    assert str(raised.value).endswith("Nothing of this file was loaded.")
    for table in ("prices", "corporate_actions", "treasury_rates", "company_profiles", "option_quotes"):
        rows = module_connection.execute(f"select count(*) from raw.{table}").fetchone()
        assert rows == (0,), "an error in one file prevents loading the others"
    record = module_connection.execute("select status, error from ops.loads order by load_id desc").fetchone()
    assert record == ("failed", str(raised.value))


def test_a_parquet_error_names_its_row(module_connection: Connection, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"date": pd.to_datetime(["2025-06-02", "2025-06-03"]), "symbol": "A", "close": [1.0, -2.0]}
    )
    frame.to_parquet(tmp_path / "prices.parquet")
    with pytest.raises(MalformedFileError, match=r"prices\.parquet, row 2, close: -2 is not above zero"):
        load_folder(module_connection, tmp_path, today=TODAY)
    frame.assign(close="x").to_parquet(tmp_path / "prices.parquet")
    with pytest.raises(
        MalformedFileError, match=r"prices\.parquet, close: holds .*string, which cannot be read as a number"
    ):
        load_folder(module_connection, tmp_path, today=TODAY)
    (tmp_path / "prices.parquet").write_bytes(b"date,symbol,close")
    with pytest.raises(MalformedFileError, match=r"cannot be read as Parquet"):
        load_folder(module_connection, tmp_path, today=TODAY)


@pytest.mark.parametrize("codec", ["snappy", "zstd", "gzip", "none"])
def test_a_damaged_parquet_file_is_read_or_refused_by_its_name(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "prices.parquet"
    frame = pd.DataFrame({"date": date(2025, 6, 2), "symbol": ["A", "B"] * 50, "close": range(1, 101)})
    parquet.write_table(pa.Table.from_pandas(frame), path, compression=codec)
    whole = path.read_bytes()
    layout = Layout((Column("date", "date"), Column("symbol", "symbol"), Column("close", "number")))
    refused = []
    for place in range(4, len(whole) - 8, 5):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        try:
            read_file(path, layout)
        except MalformedFileError as error:
            refused.append(str(error))
    assert len(refused) > 10
    assert all(str(path) in sentence for sentence in refused)


def test_a_disk_that_fails_is_no_damaged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(parquet, "ParquetFile", fail)
    (tmp_path / "prices.parquet").touch()
    with pytest.raises(OSError, match="Input/output error"):
        read_file(tmp_path / "prices.parquet", Layout(()))


def test_a_file_that_is_not_utf8_is_refused(module_connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "profiles.csv").write_bytes("symbol,name\nA,Nestlé\n".encode("latin-1"))
    with pytest.raises(MalformedFileError, match="not written in UTF-8"):
        load_folder(module_connection, tmp_path, today=TODAY)


def test_rejected_rows_are_recorded_with_their_line(connection: Connection, write: Write) -> None:
    text = PRICES + "2025-06-02,A,,,,1,1,\n\n2025-06-07,A,,,,1,1,\n2025-06-03,A,,,,,,\n2025-06-02,A,,,,1,1,\n"
    (report,) = load_folder(connection, write("prices.csv", text).parent, today=TODAY)
    assert (report.rows_read, report.rows_new, report.rows_rejected) == (4, 1, 3)
    rows = connection.execute("select row_number, reason from ops.rejected_rows order by row_number")
    # of two equal rows the later one is kept
    assert rows.fetchall() == [(2, "repeated_row"), (4, "not_a_session"), (5, "no_close")]


def test_an_empty_folder_and_a_missing_one_give_different_errors(
    module_connection: Connection, tmp_path: Path
) -> None:
    with pytest.raises(MalformedFileError, match=r"holds none of the files profiles\.csv"):
        load_folder(module_connection, tmp_path)
    with pytest.raises(MalformedFileError, match="there is no such folder"):
        load_folder(module_connection, tmp_path / "nowhere")


def test_a_file_in_two_formats_is_refused(module_connection: Connection, write: Write) -> None:
    folder = write("prices.csv", PRICES).parent
    write("prices.parquet", "")
    with pytest.raises(MalformedFileError, match=r"prices\.parquet exists too"):
        load_folder(module_connection, folder)


def test_a_misspelt_file_name_is_reported(connection: Connection, write: Write) -> None:
    write("price.csv", PRICES)
    folder = write("prices.csv", PRICES + "2025-06-02,A,,,,1,1,\n").parent
    (report,) = load_folder(connection, folder, today=TODAY)
    assert any("price.csv has an unknown name" in notice for notice in report.notices)


def test_flows_of_an_unknown_portfolio_stop_the_folder(module_connection: Connection, write: Write) -> None:
    folder = write("capital_flows.csv", "portfolio_name,flow_date,amount\nMine,2025-06-02,5\n").parent
    with pytest.raises(
        IngestionError,
        match=r"capital_flows\.csv, row 2: There is no portfolio 'Mine'; no portfolio is loaded yet",
    ):
        load_folder(module_connection, folder, today=TODAY)
