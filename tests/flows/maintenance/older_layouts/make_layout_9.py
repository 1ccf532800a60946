"""Make layout_9.backup: a small warehouse of layout 9, published twice.

One portfolio and eleven symbols over 34 sessions; the second publication corrects a price and enters a
withdrawal. Run it with the last commit of that layout, from an empty folder, which keeps the names of its
files short in the log of loads:

    PYTHONPATH=/path/to/that/commit python make_layout_9.py
"""

import os
import subprocess
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from ingestion.market.calendar import calendar_days, last_day, sessions
from ingestion.portfolios.users import add_user
from ingestion.raw.datasets import CALENDAR_DAYS
from ingestion.raw.loads import load_frame
from warehouse.connections import Warehouse, open_warehouse
from warehouse.settings import Settings

HERE = Path(__file__).resolve().parent
SIGMASIGHT = Path(sys.executable).with_name("sigmasight")

FIRST, ENTRY, CORRECTED, LAST = date(2025, 5, 22), date(2025, 7, 1), date(2025, 7, 9), date(2025, 7, 11)
CALENDAR_FIRST = date(2025, 1, 1)  # the whole calendar begins in 1990, and would be most of the backup

# close on the first session, and beta to the market
SYMBOLS = {
    "SPY": (560.0, 1.0),
    "VTV": (172.0, 0.8),
    "VUG": (370.0, 1.2),
    "MTUM": (200.0, 1.1),
    "QUAL": (170.0, 1.0),
    "IWM": (200.0, 1.15),
    "USMV": (92.0, 0.7),
    "TLT": (90.0, -0.2),
    "AAPL": (230.0, 1.2),
    "MSFT": (380.0, 1.1),
    "QQQ": (480.0, 1.15),
}
RATES = {"DGS1MO": 4.3, "DGS3MO": 4.3, "DGS1": 4.1, "DGS10": 4.3}

POSITIONS = f"""\
Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment Subtype,Underlying Symbol,\
Strike Price,Expiration Date,Option Type
AAPL,100,215.5,{ENTRY},PUBLIC,STOCK,,,,
MSFT,-20,390,{ENTRY},PUBLIC,STOCK,,,,
AAPL250919C00230000,2,9.5,{ENTRY},OPTIONS,CALL,AAPL,230,2025-09-19,CALL
SMALL_VC_FUND,1,8000,{ENTRY},PRIVATE,VENTURE_CAPITAL,,,,
TLT,50,89.25,{ENTRY},PUBLIC,ETF,,,,
CASH_USD,2500,1,{ENTRY},PUBLIC,CASH,,,,
"""


def make() -> None:
    """Build, publish twice, back up."""
    warehouse = open_warehouse(Settings(sigmasight_home=Path("home").absolute()))
    _load_short_calendar(warehouse)
    with warehouse.connect_writer() as connection:
        add_user(connection, "jane@example.com", "Jane Example", "Correct horse battery staple 1")
    Path("Growth.csv").write_text(POSITIONS)
    of_growth = ("--portfolio", "Growth", "--owner", "jane@example.com", "--equity", "60000", "--no-build")
    _run(warehouse, "load", "positions", "Growth.csv", *of_growth, "--statement-date", str(LAST))
    _run(warehouse, "tags", "add", "Growth", "AAPL", "core")
    table = _prices()
    _nightly(warehouse, _files(Path("first"), table))
    _run(warehouse, "capital-flows", "add", "Growth", "--amount", "-1250.75", "--date", str(CORRECTED))
    of_the_day = (table["symbol"] == "TLT") & (table["date"] == np.datetime64(CORRECTED))
    Path("corrected").mkdir()
    table[of_the_day].assign(close=table["close"] + 1.25).to_csv("corrected/prices.csv", index=False)
    _nightly(warehouse, Path("corrected"))
    _run(warehouse, "backup", str(HERE / "layout_9.backup"), "--overwrite")
    _run(warehouse, "stop")


def _run(warehouse: Warehouse, *arguments: str) -> None:
    environment = {**os.environ, **warehouse.settings.as_environment()}
    subprocess.run([SIGMASIGHT, *arguments], env=environment, check=True)


def _nightly(warehouse: Warehouse, prices: Path) -> None:
    _run(warehouse, "nightly", "--force", "--source", "files", "--prices", str(prices))


def _load_short_calendar(warehouse: Warehouse) -> None:
    """The calendar from CALENDAR_FIRST on, under the name of the whole one, which is then not loaded."""
    with warehouse.connect_writer() as connection:
        load_frame(
            connection,
            CALENDAR_DAYS,
            calendar_days(CALENDAR_FIRST, last_day()),
            source="exchange_calendars",
            origin=f"XNYS of exchange_calendars {version('exchange_calendars')}",
        )


def _prices() -> pd.DataFrame:
    """A seeded random walk of each symbol: date, symbol, close."""
    days = sessions(FIRST, LAST)
    generator = np.random.default_rng(11)
    market = generator.normal(0.0004, 0.01, len(days))
    walks = {
        symbol: start * np.exp(np.cumsum(beta * market + generator.normal(0, 0.006, len(days))))
        for symbol, (start, beta) in SYMBOLS.items()
    }
    table = pd.DataFrame(walks, index=pd.Index(days, name="date")).round(2)
    return table.melt(ignore_index=False, var_name="symbol", value_name="close").reset_index()


def _files(folder: Path, prices: pd.DataFrame) -> Path:
    """A folder with these prices, Treasury yields and two profiles."""
    folder.mkdir()
    prices.to_csv(folder / "prices.csv", index=False)
    days = sessions(FIRST, LAST)
    moves = np.random.default_rng(12).normal(0, 0.04, len(days)).cumsum()
    rates = pd.DataFrame({series: level + moves for series, level in RATES.items()}, index=days).round(2)
    rates.rename_axis("date").reset_index().melt("date", var_name="series").to_csv(
        folder / "rates.csv", index=False
    )
    (folder / "profiles.csv").write_text(
        f"symbol,company_name,sector,profile_date\nAAPL,Apple Inc.,Technology,{ENTRY}\n"
        f"MSFT,Microsoft Corporation,Technology,{ENTRY}\n"
    )
    return folder


if __name__ == "__main__":
    make()
