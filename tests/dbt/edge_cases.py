"""A small warehouse with edge-case portfolios, loaded and built by the real code.

Prices of 300 sessions come from a seeded factor structure. The last closes are round, so that the portfolios
below have round values on the last session. There is no 10-year yield, and the curve of one day is zero.
"""

import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import exchange_calendars
import numpy as np
import numpy.typing as npt
import pandas as pd
import psycopg

from ingestion.files.folder import load_folder
from ingestion.market.calendar import load_calendar
from ingestion.statements.columns import COLUMNS
from ingestion.statements.load import load_positions
from tests.flows.flow_helpers import CommandLine
from tests.method_config import RISK_CONFIG
from warehouse.connections import Warehouse

SESSIONS, WINDOW = 300, RISK_CONFIG.window
ENTRY, QUOTED, ZERO_RATES, EXPIRY, LAST, TOMORROW = (
    date(2025, 7, 24),
    date(2025, 7, 28),
    date(2025, 7, 29),
    date(2025, 7, 30),
    date(2025, 7, 31),
    date(2025, 8, 1),
)
LATER = date(2025, 12, 19)
LONG_BEFORE = date(2025, 3, 3)
# HALVED has a split, and pays a dividend, on the Monday after this day
SATURDAY, MONDAY, DIVIDEND = date(2025, 7, 26), date(2025, 7, 28), Decimal("0.5")
OWNER = "odd@example.com"
COIN = "COIN"  # its price has five leading zeros and moves by 1 % a day, up and down
TIED = "TIED"  # two of its returns differ by less than the tolerance of ties, at the quantile of 95 %
JUMP = "JUMP"  # two of its closes are wrong by seven and more digits, as far as files may be
STILL = "STILL"  # its price never moves, and its dividend is next to nothing
RICH = "RICH"  # its dividend yield is wrong by three digits
PINNED = "PINNED"  # the target of a merger, whose price hardly moves
SECTOR_FUND = "XLK"  # nobody holds it, and one of its closes is wrong by six digits
SHRUNK = "SHRUNK"  # one share becomes a tenth on MONDAY
THIN = "THIN"  # one share is traded in a session
INDEX = "XSP"  # moves as SPY does; options on it are European
DUST = Decimal("0.000001")  # the smallest quantity that is accepted; its cost rounds to 0.00

# last close, beta to the market, daily idiosyncratic standard deviation
SECURITIES = {
    "SPY": (500.0, 1.0, 0.0),
    "VTV": (160.0, 0.8, 0.004),
    "VUG": (400.0, 1.2, 0.004),
    "MTUM": (200.0, 1.1, 0.005),
    "QUAL": (180.0, 1.0, 0.003),
    "IWM": (220.0, 1.15, 0.006),
    "USMV": (90.0, 0.7, 0.003),
    "TLT": (88.0, -0.1, 0.008),
    "AAA": (50.0, 1.1, 0.012),
    "BBB": (40.0, 0.9, 0.010),
    "HOT": (100.0, 2.2, 0.006),
    "FLAT": (50.0, 0.0, 0.0),
    "NEW29": (20.0, 1.3, 0.015),
    "NEW70": (30.0, 0.7, 0.015),
    "HALVED": (30.0, 1.0, 0.010),
    "WILD": (20.0, -12.0, 0.01),
    COIN: (0.000015, 0.0, 0.0),
    INDEX: (500.0, 1.0, 0.0),
    TIED: (60.0, 0.0, 0.01),
    THIN: (50.0, 1.0, 0.01),
    JUMP: (50.0, 1.0, 0.01),
    STILL: (100.0, 0.0, 0.0),
    RICH: (50.0, 1.0, 0.01),
    PINNED: (10.02, 0.0, 0.0002),
    SECTOR_FUND: (100.0, 1.0, 0.005),
    SHRUNK: (50.0, 1.0, 0.01),
}
DAYS_KNOWN = {"NEW29": 29, "NEW70": 70}
# percent per year; the 10-year yield is missing
CURVE = {"DGS1MO": 4.4, "DGS3MO": 4.3, "DGS6MO": 4.2, "DGS1": 4.0, "DGS2": 3.9, "DGS5": 4.0, "DGS30": 4.9}


@dataclass(frozen=True)
class Lot:
    """A row of a positions file: a stock, an option if `option` is set, or a private holding."""

    symbol: str
    quantity: float | Decimal
    entry_price: float
    option: str = ""  # underlying, strike, expiration, type
    private: bool = False
    entered: date = ENTRY
    exit: str = ","  # date, price
    kind: str = ""  # class and subtype, if others

    @property
    def row(self) -> str:
        kind = self.kind or ("PRIVATE,REAL_ESTATE" if self.private else "PUBLIC,STOCK")
        if self.option:
            kind = f"OPTIONS,{self.option.rsplit(',', 1)[1]}"
        option = self.option or ",,,"
        return f"{self.symbol},{self.quantity},{self.entry_price},{self.entered},{kind},{option},{self.exit}"


def option(
    underlying: str,
    strike: float,
    expiration: date,
    kind: str,
    quantity: int,
    *,
    price: float,
    entered: date = ENTRY,
) -> Lot:
    """An option lot under its OCC symbol."""
    symbol = f"{underlying}{expiration:%y%m%d}{kind[0]}{round(strike * 1000):08d}"
    return Lot(symbol, quantity, price, f"{underlying},{strike},{expiration},{kind}", entered=entered)


# name -> (starting capital, lots)
PORTFOLIOS: dict[str, tuple[int, list[Lot]]] = {
    "private only": (100_000, [Lot("OLD_HOUSE", 1, 90_000, private=True)]),
    "one symbol": (100_000, [Lot("AAA", 1_000, 50)]),
    "only the market": (100_000, [Lot("SPY", 200, 500)]),
    "two and a house": (
        100_000,
        [Lot("AAA", 600, 50), Lot("BBB", 500, 40), Lot("OLD_HOUSE", 1, 50_000, private=True)],
    ),
    "a book and a cellar": (100_000, [Lot("AAA", 1_920, 50), Lot("WINE", 1, 4_000, private=True)]),
    "levered and a cellar": (100_000, [Lot("AAA", 5_820, 50), Lot("WINE", 1, 9_000, private=True)]),
    "a little of each": (100_000, [Lot("AAA", 120, 50), Lot("WINE", 1, 2_000, private=True)]),
    "young": (100_000, [Lot("NEW29", 1_000, 20), Lot("NEW70", 1_000, 30), Lot("AAA", 1_000, 50)]),
    "only the youngest": (100_000, [Lot("NEW29", 1_000, 20)]),
    "flat": (100_000, [Lot("FLAT", 400, 50), Lot("AAA", 800, 50), Lot("BBB", 1_000, 40)]),
    "only flat": (100_000, [Lot("FLAT", 1_000, 50)]),
    "one and flat": (100_000, [Lot("AAA", 1_000, 50), Lot("FLAT", 200, 50)]),
    "options": (
        100_000,
        [
            option("AAA", 49, TOMORROW, "CALL", 5, price=2),
            option("AAA", 400, LATER, "CALL", 5, price=60),  # more than the stock: no volatility is implied
            option("AAA", 45, EXPIRY, "PUT", -3, price=1.5),
            option("BBB", 30, EXPIRY, "CALL", 4, price=9),
            Lot("BBB", 100, 40),
        ],
    ),
    "option on a flat price": (
        100_000,
        [option("FLAT", 45, LATER, "CALL", 10, price=4), Lot("AAA", 1_000, 50)],  # below intrinsic value
    ),
    "parity": (
        1_000_000,
        [
            # neither price implies a volatility: both have the realized one
            option(INDEX, 480, LATER, "CALL", 10, price=10),
            option(INDEX, 480, LATER, "PUT", -10, price=500),
        ],
    ),
    "dollar neutral": (100_000, [Lot("AAA", 2_000, 50), Lot("BBB", -2_500, 40)]),
    "partly cancelled": (100_000, [Lot("AAA", 1_000, 50), Lot("AAA", -1_000, 51), Lot("BBB", 1_000, 40)]),
    "all cancelled": (100_000, [Lot("AAA", 1_000, 50), Lot("AAA", -1_000, 51)]),
    "six times levered": (100_000, [Lot("HOT", 6_000, 100)]),
    "net short": (200_000, [Lot("SPY", 200, 500), Lot("HOT", -3_000, 100)]),
    "nothing left": (10_000, [Lot("AAA", 2_000, 60)]),
    "exactly nothing left": (1_000, [Lot("AAA", 1_000, 51)]),
    "worth nothing": (100_000, [option("AAA", 90, TOMORROW, "CALL", 1, price=0.01)]),
    "more than is traded": (1_000_000_000_000, [Lot(THIN, 20_000_000_000, 50)]),
    "two lots of one day": (100_000, [Lot("AAA", 100, 51), Lot("AAA", 300, 52), Lot("AAA", -50, 53)]),
    "nothing bought": (100_000, [Lot("GHOST", 100, 10)]),
    "options that leave": (
        100_000,
        [
            option("BBB", 25, LATER, "CALL", 2, price=5),  # below intrinsic value: no volatility is implied
            option("BBB", 26, LATER, "CALL", -3, price=5),
            option("AAA", 51, LATER, "PUT", 4, price=3),
            Lot("BBB", 100, 40),
        ],
    ),
    "options that stay": (100_000, [option("BBB", 26, LATER, "CALL", 1, price=5)]),
    "options without quotes": (
        100_000,
        [option("AAA", 52, LATER, "CALL", 2, price=4), option("BBB", 41, LATER, "PUT", -2, price=2.5)],
    ),
    # cents of their delta-adjusted values count several times in a stress
    "options on a wild stock": (
        100_000,
        [
            option("WILD", strike, LATER, "CALL", quantity, price=price)
            for strike, quantity in ((18, 1), (22, -1), (25, 2))
            for price in (5, 6)
        ],
    ),
    "an option of another": (100_000, [option("BBB", 41, LATER, "PUT", 1, price=3.5)]),
    "between two sessions": (
        100_000,
        [
            Lot("HALVED", 100, 60),
            Lot("HALVED", 10, 61, entered=SATURDAY),
            Lot("HALVED", 20, 30, entered=MONDAY),
            Lot("HALVED", 200, 31, entered=date(2025, 7, 25)),  # in shares after the split
            Lot("HALVED", 40, 59, exit=f"{SATURDAY},61"),
            Lot("HALVED", 30, 58, exit=f"{MONDAY},31"),
        ],
    ),
    "cash": (
        100_000,
        [
            Lot("CASH_USD", 20_000, 1, kind="PUBLIC,CASH"),
            Lot("SPAXX", 10_000, 1, kind="PUBLIC,MUTUAL_FUND"),
            Lot("AT_THE_BANK", 1, 5_000, kind="PRIVATE,MONEY_MARKET"),
            Lot("AAA", 1_000, 50),
        ],
    ),
    "borrowed cash": (
        50_000,
        [Lot("CASH_USD", -50_000, 1, kind="PUBLIC,CASH"), Lot("AAA", 1_000, 50), Lot("BBB", 1_250, 40)],
    ),
    "only cash": (10_000, [Lot("CASH_USD", 9_000, 1, kind="PUBLIC,CASH")]),
    "coin": (100_000, [Lot(COIN, 1_000_000_000, 0.0001)]),
    # opens at the values of its first statement
    "opened": (
        100_000,
        [
            Lot("AAA", 1_000, 20, entered=LONG_BEFORE),
            option("AAA", 45, LATER, "CALL", 2, price=8, entered=LONG_BEFORE),
            Lot("GHOST", 10, 30, entered=LONG_BEFORE),
            Lot("BBB", 100, 40),
        ],
    ),
    "nearly tied": (100_000, [Lot(TIED, 1_000, 60)]),
    "dust": (100_000, [Lot("AAA", DUST, 50), Lot("BBB", 100, 40)]),
    "only dust": (100_000, [Lot("AAA", -DUST, 50)]),
    "traded dust": (100_000, [Lot(THIN, DUST, 50)]),
    "a wrong price": (1_000, [Lot(JUMP, 20, 50)]),
    "short of a wrong price": (100_000, [Lot(JUMP, -100, 50), Lot("AAA", 100, 50)]),
    "options on a wrong price": (
        100_000,
        [option(JUMP, 50, LATER, "PUT", 2, price=5), option(JUMP, 60, LATER, "CALL", -2, price=500)],
    ),
    "options of a wrong yield": (
        100_000,
        [option(RICH, 40, LATER, "CALL", 1, price=12), option(RICH, 60, LATER, "PUT", 1, price=15)],
    ),
    "still": (100_000, [Lot(STILL, 100, 100)]),
    # the price implies no volatility: it has the realized one, of a few tenths of a percent
    "option on what hardly moves": (100_000, [option(PINNED, 10.02, TOMORROW, "CALL", 10, price=11)]),
    "a trace of a share": (100_000, [Lot(SHRUNK, DUST, 5), Lot(SHRUNK, -DUST, 5.1), Lot("BBB", 100, 40)]),
    "mostly cash": (100_000, [Lot("SPAXX", 99_000, 1, kind="PUBLIC,CASH"), Lot(THIN, 20, 50)]),
}
# name -> the lots that the statement of the last session no longer lists
LEFT = {"options that leave": slice(0, 3)}
OPENED = {"opened"}


def closes() -> pd.DataFrame:
    """Closes of the sessions (index) by symbol, NaN before a symbol's first day."""
    sessions = exchange_calendars.get_calendar("XNYS", start="2024-01-02", end=str(LAST)).sessions
    days = pd.DatetimeIndex(sessions[-SESSIONS:])
    rng = np.random.default_rng(17)
    market = rng.normal(0.0003, 0.01, SESSIONS)
    table = {}
    for symbol, (last, beta, deviation) in SECURITIES.items():
        own: npt.NDArray[np.float64] = rng.normal(0, 1, SESSIONS)
        path = np.cumprod(1 + beta * market + deviation * own)
        series = (last * path / path[-1]).round(4)
        if symbol == COIN:
            series = last * 1.01 ** (np.arange(SESSIONS) % 2)
        if symbol == TIED:
            path = np.cumprod(1 + _nearly_tied(deviation * own))
            series = last * path / path[-1]
        series[: SESSIONS - DAYS_KNOWN.get(symbol, SESSIONS)] = np.nan
        if symbol == JUMP:
            series[days.date == ZERO_RATES], series[days.date == EXPIRY] = 5e8, 1e-9
        if symbol == SECTOR_FUND:
            series[days.date == ZERO_RATES] *= 1e6
        if symbol == SHRUNK:
            series[days.date < MONDAY] = (series[days.date < MONDAY] / 10).round(4)
        if symbol == "HALVED":
            series[days.date < MONDAY] *= 2
        table[symbol] = series
    return pd.DataFrame(table, index=days)


def _nearly_tied(returns: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Returns whose quantile of 95 % over the window is just below the next outcome: it is in the tail."""
    order = len(returns) - WINDOW + np.argsort(returns[-WINDOW:])
    below = math.floor(0.05 * (WINDOW - 1))
    returns[order[below + 1]] = returns[order[below]] * (1 - 1e-6)
    return returns


def returns() -> pd.DataFrame:
    """Daily returns of the loaded closes."""
    return closes().pct_change(fill_method=None).iloc[1:]


def _write_market(folder: Path) -> None:
    folder.mkdir()
    prices = closes().rename_axis("date").melt(ignore_index=False, var_name="symbol", value_name="close")
    prices = prices.dropna()
    prices["volume"] = prices["symbol"].map({THIN: 1}).astype("Int64")
    prices.to_csv(folder / "prices.csv")
    lines = [
        f"{day.date()},{series},{0 if day.date() == ZERO_RATES else level}"
        for day in closes().index
        for series, level in CURVE.items()
    ]
    (folder / "rates.csv").write_text("\n".join(["date,series,value", *lines]) + "\n")
    (folder / "corporate_actions.csv").write_text(
        f"symbol,ex_date,action,value\nHALVED,{MONDAY},split,2\nHALVED,{MONDAY},dividend,{DIVIDEND}\n"
        f"{STILL},{MONDAY},dividend,0.000000001\n{SHRUNK},{MONDAY},split,0.1\n"
    )
    (folder / "profiles.csv").write_text(
        f"symbol,dividend_yield,profile_date\n{RICH},1000000,{LONG_BEFORE}\n"
    )
    (folder / "option_chain_aaa.csv").write_text(
        "quote_date,underlying,expiration_date,option_type,strike_price,bid,ask\n"
        f"{LAST},AAA,{LATER},call,400,0,0.05\n"  # no bid: no quote
        f"{LAST},AAA,{LATER},put,51,3.4,3.6\n"
        f"{QUOTED},AAA,{LATER},call,52,4.4,4.6\n"
    )


def _load_statement(
    connection: psycopg.Connection[Any], folder: Path, name: str, lots: list[Lot], *, equity: int, day: date
) -> None:
    statement = folder / f"{name}.csv"
    statement.write_text("\n".join([",".join(COLUMNS.values()), *(lot.row for lot in lots)]) + "\n")
    load_positions(
        connection,
        statement,
        portfolio_name=name,
        owner_email=OWNER,
        equity=Decimal(equity),
        statement_date=day,
        performs_from_statement=name in OPENED and day == ENTRY,
    )


def build(warehouse: Warehouse, folder: Path, portfolios: dict[str, tuple[int, list[Lot]]]) -> Warehouse:
    """Load prices and portfolios, then build and publish all marts."""
    _write_market(folder / "market")
    with warehouse.connect_writer() as connection:
        load_calendar(connection)
        load_folder(connection, folder / "market")
        for name, (equity, lots) in portfolios.items():
            left = lots[LEFT[name]] if name in LEFT else []
            if left or name in OPENED:
                _load_statement(connection, folder, name, lots, equity=equity, day=ENTRY)
            kept = [lot for lot in lots if lot not in left]
            _load_statement(connection, folder, name, kept, equity=equity, day=LAST)
    if "a wrong price" in portfolios:
        CommandLine(warehouse).succeed("targets", "set", "a wrong price", JUMP, "--eoy", "55")
    CommandLine(warehouse).succeed("nightly", "--force")
    return warehouse
