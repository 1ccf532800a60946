"""Make layout_1.backup and layout_1_answers.tar.gz: a small warehouse of the first layout, and its answers.

Two portfolios and ten symbols over 86 sessions, published twice: at first, and again after a price two
sessions back was corrected, a withdrawal was entered and a tag taken away. To be run by the last commit of
that layout, from an empty folder, which keeps the names of its files short in the log of loads:

    PYTHONPATH=/path/to/that/commit python make_layout_1.py
"""

import gzip
import io
import os
import subprocess
import sys
import tarfile
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg
from psycopg import sql

from ingestion.market.calendar import calendar_days, last_day, sessions
from ingestion.portfolios.users import add_user
from ingestion.raw.datasets import CALENDAR_DAYS
from ingestion.raw.loads import load_frame
from warehouse.connections import Warehouse, open_warehouse
from warehouse.settings import Settings

HERE = Path(__file__).resolve().parent
SIGMASIGHT = Path(sys.executable).with_name("sigmasight")

FIRST, ENTRY, SALE = date(2025, 3, 10), date(2025, 7, 1), date(2025, 7, 7)
SPLIT, CORRECTED, LAST = date(2025, 7, 3), date(2025, 7, 9), date(2025, 7, 11)
CALENDAR_FIRST = date(2025, 1, 1)  # the whole calendar begins in 1990, and would be most of the backup

# what each costs on the first session, and how far it goes along with the market
SYMBOLS = {
    "SPY": (560.0, 1.0),
    "VTV": (172.0, 0.8),
    "VUG": (370.0, 1.2),
    "MTUM": (200.0, 1.1),
    "QUAL": (170.0, 1.0),
    "IWM": (200.0, 1.15),
    "USMV": (92.0, 0.7),
    "AAPL": (230.0, 1.2),
    "MSFT": (380.0, 1.1),
    "TLT": (90.0, -0.2),
}
RATES = {"DGS1MO": 4.3, "DGS3MO": 4.3, "DGS1": 4.1, "DGS10": 4.3}

HEADER = (
    "Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment Subtype,Underlying Symbol,"
    "Strike Price,Expiration Date,Option Type,Exit Date,Exit Price Per Share\n"
)
PORTFOLIOS = {
    "Growth": f"""{HEADER}\
AAPL,100,215.5,{ENTRY},PUBLIC,STOCK,,,,,,
MSFT,-20,390,{ENTRY},PUBLIC,STOCK,,,,,,
AAPL250919C00230000,2,9.5,{ENTRY},OPTIONS,CALL,AAPL,230,2025-09-19,CALL,,
SMALL_VC_FUND,1,8000,{ENTRY},PRIVATE,VENTURE_CAPITAL,,,,,,
CASH_USD,2500,1,{ENTRY},PUBLIC,CASH,,,,,,
""",
    "Income": f"""{HEADER}\
TLT,150,89.25,{ENTRY},PUBLIC,ETF,,,,,,
SPY,20,555,{ENTRY},PUBLIC,ETF,,,,,,
QUAL,30,168,{ENTRY},PUBLIC,ETF,,,,,{SALE},170.5
""",
}
EQUITY = {"Growth": "40000", "Income": "35000"}


def make() -> None:
    """Build, publish twice, back up, and keep the answers."""
    warehouse = open_warehouse(Settings(sigmasight_home=Path("home").absolute()))
    _load_short_calendar(warehouse)
    _load_portfolios(warehouse)
    table = _prices()
    _nightly(warehouse, _files(Path("first"), table, with_more=True))
    _run(warehouse, "flows", "add", "Growth", "--amount", "-1250.75", "--date", str(CORRECTED))
    _run(warehouse, "tags", "remove", "Growth", "AAPL", "core", "--from", str(CORRECTED))
    of_the_day = (table["symbol"] == "TLT") & (table["date"] == np.datetime64(CORRECTED))
    corrected = table[of_the_day].assign(close=lambda rows: rows["close"] + 1.25)
    _nightly(warehouse, _files(Path("corrected"), corrected))
    _run(warehouse, "backup", str(HERE / "layout_1.backup"), "--overwrite")
    _write_answers(warehouse, HERE / "layout_1_answers.tar.gz")
    _run(warehouse, "stop")


def _run(warehouse: Warehouse, *arguments: str) -> None:
    environment = {**os.environ, **warehouse.settings.as_environment()}
    subprocess.run([SIGMASIGHT, *arguments], env=environment, check=True)


def _nightly(warehouse: Warehouse, prices: Path) -> None:
    _run(warehouse, "nightly", "--force", "--source", "files", "--prices", str(prices))


# --- what goes in -------------------------------------------------------------------------------------------


def _load_short_calendar(warehouse: Warehouse) -> None:
    """The calendar from CALENDAR_FIRST on, under the name of the whole one, which so is not loaded."""
    with warehouse.connect_writer() as connection:
        load_frame(
            connection,
            CALENDAR_DAYS,
            calendar_days(CALENDAR_FIRST, last_day()),
            source="exchange_calendars",
            origin=f"XNYS of exchange_calendars {version('exchange_calendars')}",
        )


def _load_portfolios(warehouse: Warehouse) -> None:
    owner = "jane@example.com"
    with warehouse.connect_writer() as connection:
        add_user(connection, owner, "Jane Example", "Correct horse battery staple 1")
    for name, text in PORTFOLIOS.items():
        path = Path(f"{name}.csv")
        path.write_text(text)
        options = ("--portfolio", name, "--owner", owner, "--equity", EQUITY[name], "--no-build")
        _run(warehouse, "load", "positions", str(path), *options, "--statement-date", str(LAST))
    _run(warehouse, "tags", "add", "Growth", "AAPL", "core")
    _run(warehouse, "tags", "add", "Income", "TLT", "core")
    targets = ("--eoy", "250", "--next-year", "270", "--downside", "180")
    _run(warehouse, "targets", "set", "Growth", "AAPL", *targets, "--from", str(ENTRY))
    _run(warehouse, "flows", "add", "Income", "--amount", "5000", "--date", str(SALE), "--notes", "bonus")
    _run(warehouse, "marks", "add", "Growth", "SMALL_VC_FUND", "--price", "8400", "--date", str(SALE))


def _prices() -> pd.DataFrame:
    """A seeded random walk of each symbol: date, symbol, close as traded."""
    days = sessions(FIRST, LAST)
    generator = np.random.default_rng(11)
    market = generator.normal(0.0004, 0.01, len(days))
    walks = {
        symbol: start * np.exp(np.cumsum(beta * market + generator.normal(0, 0.006, len(days))))
        for symbol, (start, beta) in SYMBOLS.items()
    }
    walks["AAPL"][days >= np.datetime64(SPLIT)] /= 2
    table = pd.DataFrame(walks, index=pd.Index(days, name="date")).round(2)
    return table.melt(ignore_index=False, var_name="symbol", value_name="close").reset_index()


def _files(folder: Path, prices: pd.DataFrame, *, with_more: bool = False) -> Path:
    """A folder with these prices. with_more: and with rates, a split and a dividend, and profiles."""
    folder.mkdir()
    prices.to_csv(folder / "prices.csv", index=False)
    if with_more:
        days = sessions(FIRST, LAST)
        moves = np.random.default_rng(12).normal(0, 0.04, len(days)).cumsum()
        rates = pd.DataFrame({series: level + moves for series, level in RATES.items()}, index=days).round(2)
        rates.rename_axis("date").reset_index().melt("date", var_name="series").to_csv(
            folder / "rates.csv", index=False
        )
        (folder / "corporate_actions.csv").write_text(
            f"symbol,ex_date,action,value\nAAPL,{SPLIT},split,2\nTLT,{SALE},dividend,0.33\n"
        )
        (folder / "profiles.csv").write_text(
            f"symbol,company_name,sector,profile_date\nAAPL,Apple Inc.,Technology,{ENTRY}\n"
            f"MSFT,Microsoft Corporation,Technology,{ENTRY}\n"
        )
    return folder


# --- what comes out -----------------------------------------------------------------------------------------


def _write_answers(warehouse: Warehouse, path: Path) -> None:
    """Each view of marts and marts_history as <schema>/<view>.csv: times in UTC, rows sorted by text."""
    with (
        warehouse.connect_analyst(autocommit=True) as connection,
        gzip.GzipFile(path, "wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        connection.execute("set timezone to 'UTC'")
        views = connection.execute(
            "select table_schema::text, table_name::text from information_schema.views"
            " where table_schema in ('marts', 'marts_history') order by 1, 2"
        ).fetchall()
        for schema, view in views:
            content = _csv(connection, schema, view)
            entry = tarfile.TarInfo(f"{schema}/{view}.csv")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def _csv(connection: psycopg.Connection[tuple[object, ...]], schema: str, view: str) -> bytes:
    query = sql.SQL(
        'copy (select * from {}.{} as rows order by rows::text collate "C") to stdout (format csv, header)'
    ).format(sql.Identifier(schema), sql.Identifier(view))
    with connection.cursor().copy(query) as copy:
        return b"".join(bytes(block) for block in copy)


if __name__ == "__main__":
    make()
