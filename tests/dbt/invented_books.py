"""Twenty invented portfolios on real prices, of every shape: the believability of results is checked on them.

Each is bought at the closes of 2025-06-30. Amounts are USD at that close, negative for shorts.
"""

import csv
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from math import exp, log, sqrt
from pathlib import Path

import pandas as pd
from scipy.stats import norm

from ingestion.statements.columns import COLUMNS
from ingestion.statements.load import load_positions
from tests.flows.flow_helpers import CommandLine
from warehouse.connections import Warehouse

OWNER = "invented@example.com"
BOUGHT = date(2025, 6, 30)
LATER = date(2026, 12, 18)
VOLATILITY, RATE = 0.3, 0.04  # of the options' entry prices


@dataclass(frozen=True)
class Option:
    """Contracts on an underlying; strike as a share of its close."""

    underlying: str
    moneyness: float
    kind: str
    contracts: int


@dataclass(frozen=True)
class Book:
    """equity: starting capital. amounts: USD by symbol. is_long_only: no leverage, shorts or options."""

    equity: int
    amounts: dict[str, int] = field(default_factory=dict)
    options: tuple[Option, ...] = ()
    is_long_only: bool = True


def _equal(names: str, amount: int) -> dict[str, int]:
    return dict.fromkeys(names.split(), amount)


TECHNOLOGY = "AAPL MSFT NVDA AMD AVGO ASML GOOGL META SHOP"
DEFENSIVE = "JNJ PG UNH COST NEE XOM BRK-B HD"
CYCLICAL = "JPM C F GE V TSLA AMZN LULU"
LAGGARDS = "PTON ROKU ZM F C NFLX LULU TSLA"

BOOKS: dict[str, Book] = {
    "sixty forty": Book(1_000_000, {"SPY": 600_000, "BND": 400_000}),
    "all technology": Book(900_000, _equal(TECHNOLOGY, 100_000)),
    "defensive": Book(800_000, _equal(DEFENSIVE, 100_000)),
    "cyclical": Book(800_000, _equal(CYCLICAL, 100_000)),
    "twenty five stocks": Book(2_500_000, _equal(f"{TECHNOLOGY} {DEFENSIVE} {CYCLICAL}", 100_000)),
    "style funds": Book(700_000, _equal("VTV VUG MTUM QUAL IWM USMV SCHD", 100_000)),
    "bond funds": Book(400_000, _equal("BND FXNAX TLT BIL", 100_000)),
    "mutual funds": Book(400_000, _equal("FCNTX FMAGX FXNAX VTIAX", 100_000)),
    "real assets": Book(400_000, _equal("GLD DJP VNQ XOM", 100_000)),
    "one stock": Book(100_000, {"NVDA": 100_000}),
    "only the market": Book(100_000, {"SPY": 100_000}),
    "half in cash": Book(1_000_000, _equal("AAPL JPM JNJ PG XOM", 100_000)),
    "two times levered": Book(400_000, _equal(f"{DEFENSIVE}", 100_000), is_long_only=False),
    "three times the market": Book(100_000, {"SPY": 300_000}, is_long_only=False),
    "dollar neutral": Book(
        800_000, _equal(TECHNOLOGY, 80_000) | _equal(LAGGARDS, -90_000), is_long_only=False
    ),
    "long short": Book(
        1_000_000, _equal(TECHNOLOGY, 100_000) | _equal("IWM XLY", -200_000), is_long_only=False
    ),
    "net short": Book(1_000_000, _equal("SPY QQQ", -300_000) | {"JNJ": 100_000}, is_long_only=False),
    "covered calls": Book(
        400_000,
        {"AAPL": 200_000, "MSFT": 200_000},
        (Option("AAPL", 1.1, "CALL", -9), Option("MSFT", 1.1, "CALL", -4)),
        is_long_only=False,
    ),
    "long options": Book(
        200_000,
        {},
        (Option("SPY", 0.9, "PUT", 20), Option("NVDA", 1.2, "CALL", 40), Option("AAPL", 1.0, "CALL", 20)),
        is_long_only=False,
    ),
    "short options": Book(
        1_000_000, {}, (Option("SPY", 0.85, "PUT", -20), Option("QQQ", 1.2, "CALL", -10)), is_long_only=False
    ),
}


def _premium(spot: float, strike: float, kind: str) -> float:
    years = (LATER - BOUGHT).days / 365
    d1 = (log(spot / strike) + (RATE + VOLATILITY**2 / 2) * years) / (VOLATILITY * sqrt(years))
    d2 = d1 - VOLATILITY * sqrt(years)
    sign = 1 if kind == "CALL" else -1
    value = spot * norm.cdf(sign * d1) - strike * exp(-RATE * years) * norm.cdf(sign * d2)
    return round(float(sign * value), 2)


def _rows(book: Book, closes: "pd.Series[float]") -> list[list[object]]:
    rows: list[list[object]] = []
    for symbol, amount in book.amounts.items():
        price = round(float(closes[symbol]), 4)
        quantity = round(amount / price, 2)
        rows.append([symbol, quantity, price, BOUGHT, "PUBLIC", "", "", "", "", "", "", ""])
    for option in book.options:
        spot = float(closes[option.underlying])
        strike = round(option.moneyness * spot)
        price = _premium(spot, strike, option.kind)
        terms = [option.underlying, strike, LATER, option.kind]
        rows.append(["", option.contracts, price, BOUGHT, "OPTIONS", option.kind, *terms, "", ""])
    return rows


def load_and_build(warehouse: Warehouse, market: Path, folder: Path) -> None:
    """Load all books into a warehouse with the real prices, build and publish them."""
    prices = pd.read_csv(market / "prices.csv")
    closes = prices[prices["date"] == BOUGHT.isoformat()].set_index("symbol")["close"]
    with warehouse.connect_writer() as connection:
        for name, book in BOOKS.items():
            path = folder / f"{name.replace(' ', '_')}.csv"
            with path.open("w", newline="") as file:
                csv.writer(file).writerows([list(COLUMNS.values()), *_rows(book, closes)])
            load_positions(
                connection,
                path,
                portfolio_name=name,
                owner_email=OWNER,
                equity=Decimal(book.equity),
                statement_date=BOUGHT,
            )
    CommandLine(warehouse).succeed("nightly", "--force")
