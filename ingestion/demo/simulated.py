"""Simulated prices, dividends, yields and profiles for the demo: seeded, and labelled on every row."""

import json
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd

from ingestion.demo.demo import DEMO_FOLDER, STATEMENT_DATE, demo_portfolios, demo_profiles
from ingestion.demo.simulation import (
    STYLES,
    VOLATILITY_INDEX,
    Security,
    SimulatedMarkets,
    simulate_markets,
)
from ingestion.errors import MalformedFileError, MixedSourcesError
from ingestion.files.csv_reader import Record, read_strictly
from ingestion.market.calendar import sessions
from ingestion.market.price_history import prepare_prices
from ingestion.raw.datasets import COMPANY_PROFILES, CORPORATE_ACTIONS, PRICES, TREASURY_RATES
from ingestion.raw.loads import Connection, LoadReport, load_transaction
from ingestion.statements.load import read_positions_file

SOURCE = "simulated"
SEED = 20250979  # its markets of 2025-10-01, where a demo portfolio begins, are close to the real ones
FIRST_DATE = date(2024, 1, 2)
LAST_DATE = date(2025, 12, 31)
PROFILE_DATE = STATEMENT_DATE + timedelta(
    days=1
)  # after the profiles of the reference data, which they complete

_TABLE = DEMO_FOLDER / "simulation.csv"
_COLUMNS = (
    *("symbol", "price", "market", *STYLES, "sector", "sector_beta", "duration"),
    *("idiosyncratic_volatility", "dividend_yield", "dividends_per_year", "average_volume"),
    "shares_outstanding",
)


def load_simulated(connection: Connection, *, seed: int = SEED, until: date = LAST_DATE) -> list[LoadReport]:
    """Load simulated prices, dividends, rates and profiles, from 2024-01-02 to `until` (at most 2025-12-31).

    The numbers of a date do not depend on `until`. Raises MixedSourcesError in a warehouse of real prices.
    """
    _refuse_real_prices(connection)
    markets = simulated_markets(seed)
    quotes = _until(markets.quotes, "price_date", until)
    dividends = _until(markets.dividends, "ex_date", until).rename(columns={"amount": "value"})
    rates = _until(markets.rates, "rate_date", until)
    prepared = prepare_prices(
        quotes, sessions=sessions(FIRST_DATE, LAST_DATE), last_session=np.datetime64(until, "D")
    )
    origin = f"factor model, seed {seed}"
    with load_transaction(connection, PRICES.name, source=SOURCE, origin=origin) as load:
        return [
            load.rows(CORPORATE_ACTIONS, dividends.assign(action="dividend")),
            load.rows(TREASURY_RATES, rates),
            load.rows(
                COMPANY_PROFILES,
                simulated_profiles(markets) if until >= PROFILE_DATE else simulated_profiles(markets)[:0],
            ),
            load.rows(PRICES, prepared.rows),
        ]


def simulated_markets(seed: int = SEED) -> SimulatedMarkets:
    """The whole simulation; each price path passes through the demo's entry price on 2025-06-30."""
    return simulate_markets(
        securities(), sessions(FIRST_DATE, LAST_DATE), np.datetime64(STATEMENT_DATE, "D"), seed
    )


def simulated_profiles(markets: SimulatedMarkets) -> pd.DataFrame:
    """The demo's profiles with the size, beta and dividend yield of the simulation (not of any provider)."""
    closes = markets.quotes[markets.quotes["price_date"] == pd.Timestamp(PROFILE_DATE)]
    close = closes.set_index("symbol")["close"]
    by_symbol = {security.symbol: security for security in securities()}
    profiles = demo_profiles()
    profiles = profiles[profiles["symbol"].isin(by_symbol)].assign(profile_date=PROFILE_DATE)
    simulated = [by_symbol[symbol] for symbol in profiles["symbol"]]
    sizes = [
        security.shares_outstanding and round(security.shares_outstanding * close[security.symbol], 2)
        for security in simulated
    ]
    return profiles.assign(
        market_cap=pd.Series(sizes, index=profiles.index, dtype="float64"),
        dividend_yield=[security.dividend_yield for security in simulated],
        details=[json.dumps(_details(security)) for security in simulated],
    )


def _details(security: Security) -> dict[str, float]:
    """The beta to the market; none of the volatility index, which is no investment."""
    return {} if security.symbol == VOLATILITY_INDEX else {"beta": security.betas["market"]}


def securities() -> list[Security]:
    """The securities of simulation.csv; those that the demo holds have its entry prices."""
    entries = entry_prices()
    records = {record["symbol"]: record for record in read_strictly(_TABLE, _COLUMNS)}
    unknown = sorted(set(entries) - set(records))
    if unknown:
        raise MalformedFileError(_TABLE, f"has no line for {', '.join(unknown)}, which the demo holds.")
    return [
        Security(
            symbol,
            float(entries.get(symbol) or record["price"]),
            _betas(record),
            float(record["duration"]),
            float(record["idiosyncratic_volatility"]),
            float(record["dividend_yield"]),
            int(record["dividends_per_year"]),
            _number(record["average_volume"]),
            _number(record["shares_outstanding"]),
        )
        for symbol, record in records.items()
    ]


def _number(text: str) -> float | None:
    return float(text) if text else None


def _betas(record: Record) -> dict[str, float]:
    betas = {factor: float(record[factor]) for factor in ("market", *STYLES)}
    if record["sector"]:
        betas[record["sector"]] = float(record["sector_beta"])
    return betas


def entry_prices() -> dict[str, Decimal]:
    """Entry prices of 2025-06-30 of the demo's public symbols, USD."""
    prices: dict[str, Decimal] = {}
    for portfolio in demo_portfolios(until=STATEMENT_DATE):
        for lot in read_positions_file(portfolio.path).lots:
            if (
                lot.investment_class == "PUBLIC"
                and prices.setdefault(lot.symbol, lot.entry_price) != lot.entry_price
            ):
                raise MalformedFileError(
                    portfolio.path, f"enters {lot.symbol} at a different price than the other files."
                )
    return prices


def _until(frame: pd.DataFrame, column: str, last: date) -> pd.DataFrame:
    return frame[frame[column] <= pd.Timestamp(last)]


def _refuse_real_prices(connection: Connection) -> None:
    with connection.transaction():
        row = connection.execute(
            "select source from raw.prices where source <> %s limit 1", [SOURCE]
        ).fetchone()
    if row is not None:
        raise MixedSourcesError(
            f"This warehouse holds real prices (source {row[0]}); simulated ones would overwrite them. "
            "Simulate in another warehouse: set SIGMASIGHT_HOME to an empty folder, or DATABASE_URL to "
            "another database."
        )
