"""Generate portfolios and prices of any size, reproducible by seed, and load them with the regular loaders.

    python -m tests.benchmarks.generate --portfolios 1000 --sessions 60      all but the last session
    python -m tests.benchmarks.generate --portfolios 1000 --sessions 60 --next-date     the last session

The warehouse comes from the settings (SIGMASIGHT_HOME, DATABASE_URL). Half of the symbols pay dividends, five
are split in the middle of the history, and a portfolio holds 42 stocks long, six short and two calls.
"""

import argparse
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pandas as pd

from ingestion.market.calendar import DaysArray, load_calendar, sessions
from ingestion.market.occ import OptionContract, build_occ
from ingestion.market.price_history import prepare_prices
from ingestion.raw.datasets import (
    COMPANY_PROFILES,
    CORPORATE_ACTIONS,
    PORTFOLIOS,
    POSITION_TAGS,
    POSITIONS,
    PRICES,
    Dataset,
)
from ingestion.raw.ids import portfolio_id, position_id
from ingestion.raw.loads import Connection, LoadReport, load_frame
from warehouse.connections import open_warehouse

Batch = tuple[Dataset, pd.DataFrame]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SEED = 20250912
SOURCE = "simulated"
LAST_SESSION = date(2025, 9, 12)
EXPIRATION = date(2026, 12, 18)

SYMBOLS = ["SPY", *(f"S{number:03d}" for number in range(1, 500))]
SECTORS = (
    *("Technology", "Healthcare", "Financials", "Industrials", "Energy", "Utilities"),
    *("Materials", "Real Estate", "Consumer Staples", "Consumer Discretionary", "Communication Services"),
)
POSITIONS_EACH, CALLS, SHORTS, TAGGED = 50, 2, 6, 10
PORTFOLIOS_OF_ONE_OWNER = 10

LATE_SESSIONS = 5

_PAYER, _QUARTER, _PAYOUT = 2, 63, 0.005  # every second symbol pays half a percent every 63 sessions
_SPLIT_SYMBOLS, _SPLIT_RATIO = range(7, 500, 100), 2.0


@dataclass(frozen=True)
class Market:
    """quotes: the input of prepare_prices. actions, profiles: the columns of their raw tables.

    closes: USD, shape (sessions, symbols).
    """

    quotes: pd.DataFrame
    actions: pd.DataFrame
    profiles: pd.DataFrame
    closes: FloatArray


@dataclass(frozen=True)
class Book:
    """Portfolios, their positions and their tags: the columns of the raw tables."""

    portfolios: pd.DataFrame
    positions: pd.DataFrame
    tags: pd.DataFrame


def benchmark_sessions(count: int) -> DaysArray:
    """The last `count` sessions up to 2025-09-12, so that every run uses the same ones."""
    return sessions(end=LAST_SESSION)[-count:]


# --- the market ------------------------------------------------------------------------------------


def make_market(days: DaysArray, seed: int = SEED) -> Market:
    """Prices of 500 symbols that follow SPY and their sector, with dividends and splits.

    days: datetime64[D], ascending.
    """
    draws = np.random.default_rng(seed)
    returns = _total_returns(len(days), draws)
    payout = _payouts(len(days))
    levels = 100 * np.exp(np.cumsum(np.log1p(returns - payout), axis=0))
    ratios = _splits(len(days))
    closes = np.round(levels / np.cumprod(ratios, axis=0), 4)
    return Market(
        quotes=_quotes(days, closes, np.cumsum(np.log1p(returns), axis=0), draws),
        actions=_actions(days, payout * np.roll(closes, 1, axis=0), ratios),
        profiles=_profiles(days[0]),
        closes=closes,
    )


def _total_returns(count: int, draws: np.random.Generator) -> FloatArray:
    """Daily total returns, decimal, shape (sessions, symbols): market, sector and idiosyncratic."""
    market = draws.normal(0.0004, 0.010, (count, 1))
    sectors = draws.normal(0, 0.005, (count, len(SECTORS)))
    own = draws.normal(0, 0.012, (count, len(SYMBOLS)))
    betas = draws.uniform(0.3, 1.8, len(SYMBOLS))
    returns: FloatArray = market * betas + sectors[:, _sector_numbers()] + own
    returns[:, 0] = market[:, 0]  # SPY is the market
    return np.clip(returns, -0.2, 0.2)


def _sector_numbers() -> IntArray:
    return np.arange(len(SYMBOLS)) % len(SECTORS)


def _payouts(count: int) -> FloatArray:
    """Dividends as a share of the previous close, shape (sessions, symbols)."""
    day, symbol = np.ogrid[:count, : len(SYMBOLS)]
    is_ex_day = (symbol % _PAYER == 1) & ((day + symbol) % _QUARTER == 0) & (day > 0)
    return np.where(is_ex_day, _PAYOUT, 0.0)


def _splits(count: int) -> FloatArray:
    """New shares per old share, shape (sessions, symbols)."""
    ratios = np.ones((count, len(SYMBOLS)))
    ratios[count // 2, list(_SPLIT_SYMBOLS)] = _SPLIT_RATIO
    return ratios


def _quotes(
    days: DaysArray, closes: FloatArray, log_levels: FloatArray, draws: np.random.Generator
) -> pd.DataFrame:
    """One row per session and symbol."""
    opens = closes * (1 + draws.normal(0, 0.004, closes.shape))
    spread = 1 + np.abs(draws.normal(0, 0.006, closes.shape))
    return pd.DataFrame(
        {
            "symbol": np.tile(np.array(SYMBOLS, dtype=object), len(days)),
            "price_date": np.repeat(days.astype("datetime64[s]"), len(SYMBOLS)),
            "open": np.round(opens, 4).ravel(),
            "high": np.round(np.maximum(opens, closes) * spread, 4).ravel(),
            "low": np.round(np.minimum(opens, closes) / spread, 4).ravel(),
            "close": closes.ravel(),
            "adj_close": (100 * np.exp(log_levels)).ravel(),
            "volume": draws.integers(100_000, 5_000_000, closes.size).astype(float),
        }
    )


def _actions(days: DaysArray, dividends: FloatArray, ratios: FloatArray) -> pd.DataFrame:
    """Dividends in USD per share before the ex date, and splits."""
    return pd.concat(
        [
            _action_rows(days, "dividend", np.round(dividends, 4), dividends > 0),
            _action_rows(days, "split", ratios, ratios > 1),
        ],
        ignore_index=True,
    )


def _action_rows(
    days: DaysArray, action: str, values: FloatArray, is_action: npt.NDArray[np.bool_]
) -> pd.DataFrame:
    day, symbol = np.nonzero(is_action)
    return pd.DataFrame(
        {
            "symbol": np.array(SYMBOLS, dtype=object)[symbol],
            "ex_date": days[day].astype("datetime64[s]"),
            "action": action,
            "value": values[day, symbol],
        }
    )


def _profiles(day: np.datetime64) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "symbol": SYMBOLS,
            "profile_date": day.astype("datetime64[s]"),
            "name": [f"Company {symbol}" for symbol in SYMBOLS],
            "security_type": ["ETF", *["STOCK"] * (len(SYMBOLS) - 1)],
            "sector": [SECTORS[number] for number in _sector_numbers()],
            "currency": "USD",
        }
    )


# --- the portfolios --------------------------------------------------------------------------------


def make_book(count: int, first_session: date, closes: FloatArray, seed: int = SEED) -> Book:
    """Portfolios of fifty positions, entered at the closes of the first session.

    The first portfolios do not depend on the count. closes: USD by symbol, in the order of SYMBOLS.
    """
    names = [f"Portfolio {number:04d}" for number in range(count)]
    owners = [f"owner{number // PORTFOLIOS_OF_ONE_OWNER:03d}@benchmark.example" for number in range(count)]
    keys = [portfolio_id(owner, name) for owner, name in zip(owners, names, strict=True)]
    held, lots = _draw_holdings(count, seed)
    positions = _positions(np.repeat(np.array(keys, dtype=object), POSITIONS_EACH), held.ravel(), closes)
    positions["quantity"] = lots.ravel()
    positions["entry_date"] = first_session
    lot_keys = zip(
        positions["portfolio_id"], positions["symbol"], positions["entry_price"].tolist(), strict=True
    )
    positions["position_id"] = [
        str(position_id(portfolio, symbol, first_session, Decimal(str(price))))
        for portfolio, symbol, price in lot_keys
    ]
    positions["portfolio_id"] = positions["portfolio_id"].astype(str)
    gross = np.abs(lots * closes[held]).sum(axis=1)
    portfolios = pd.DataFrame(
        {
            "portfolio_id": [str(key) for key in keys],
            "portfolio_name": names,
            "owner_email": owners,
            "account_type": "taxable",
            "base_currency": "USD",
            "initial_equity": np.ceil(gross / 1000) * 1000,
            "inception_date": first_session,
        }
    )
    return Book(portfolios, positions, _tags(positions, first_session))


def _draw_holdings(count: int, seed: int) -> tuple[IntArray, IntArray]:
    """Indices of the symbols held, and signed quantities, both of shape (portfolios, positions)."""
    held = np.random.default_rng([seed, 1]).random((count, len(SYMBOLS))).argsort(axis=1)[:, :POSITIONS_EACH]
    lots = np.random.default_rng([seed, 2]).integers(10, 300, (count, POSITIONS_EACH))
    lots[:, :CALLS] = 1 + lots[:, :CALLS] % 5
    lots[:, CALLS : CALLS + SHORTS] *= -1
    return held, lots


def _positions(portfolios: npt.NDArray[np.object_], held: IntArray, closes: FloatArray) -> pd.DataFrame:
    """All columns that depend on the symbol; the first positions of each portfolio are calls on it."""
    is_call = np.arange(len(held)) % POSITIONS_EACH < CALLS
    strikes = np.round(closes)
    nothing = np.array(None, dtype=object)
    symbols = np.array(SYMBOLS, dtype=object)
    calls = np.array([_call(symbol, strike) for symbol, strike in zip(SYMBOLS, strikes, strict=True)])
    subtypes = np.where(held == 0, "ETF", "STOCK")
    return pd.DataFrame(
        {
            "portfolio_id": portfolios,
            "symbol": np.where(is_call, calls[held], symbols[held]),
            "underlying_symbol": np.where(is_call, symbols[held], nothing),
            "investment_class": np.where(is_call, "OPTIONS", "PUBLIC"),
            "investment_subtype": np.where(is_call, nothing, subtypes),
            "option_type": np.where(is_call, np.array("CALL", dtype=object), nothing),
            "strike_price": np.where(is_call, strikes[held], np.nan),
            "expiration_date": pd.Series(
                np.where(is_call, np.datetime64(EXPIRATION, "s"), np.datetime64("NaT"))
            ),
            "entry_price": np.where(is_call, np.round(closes[held] * 0.05, 4), closes[held]),
        }
    )


def _call(symbol: str, strike: float) -> str:
    code = build_occ(OptionContract(symbol, EXPIRATION, "CALL", Decimal(int(strike))))
    assert code is not None, f"{symbol} at {strike} has no option symbol"
    return code


def _tags(positions: pd.DataFrame, first_session: date) -> pd.DataFrame:
    """The last ten positions of each portfolio have a tag, alternately `core` and `growth`."""
    place = np.arange(len(positions)) % POSITIONS_EACH
    tagged = positions.loc[place >= POSITIONS_EACH - TAGGED, ["portfolio_id", "symbol"]]
    return tagged.assign(
        tag=np.where(np.arange(len(tagged)) % 2 == 0, "core", "growth"),
        effective_date=first_session,
        is_assigned=True,
    )


# --- into the warehouse ----------------------------------------------------------------------------


def history(portfolios: int, days: DaysArray, seed: int = SEED, *, held: int | None = None) -> list[Batch]:
    """All portfolios, and the market data of all days except the last.

    held: the sessions for which the positions are held by then; default: all.
    """
    return history_of(make_market(days, seed), portfolios, days[:-1], held or len(days) - 1)


def history_of(market: Market, portfolios: int, days: DaysArray, held: int) -> list[Batch]:
    """All portfolios, their positions held for the last `held` days, and the market data of `days`."""
    first = len(days) - held
    book = make_book(portfolios, days[first].item(), market.closes[first])
    return [
        *market_of(market, days, days),
        (COMPANY_PROFILES, market.profiles),
        (PORTFOLIOS, book.portfolios),
        (POSITIONS, book.positions),
        (POSITION_TAGS, book.tags),
    ]


def next_date(days: DaysArray, seed: int = SEED) -> list[Batch]:
    """The market data of the last day, as loaded by a nightly run."""
    return market_of(make_market(days, seed), days, days[-1:])


def late_lot(days: DaysArray, market: Market | None = None) -> list[Batch]:
    """One more lot of the first portfolio, entered LATE_SESSIONS before the last day."""
    book = make_book(1, days[0].item(), (market or make_market(days)).closes[0])
    lot = book.positions.tail(1).copy()
    back = min(LATE_SESSIONS, len(days) - 1)
    entry, price = days[-1 - back].item(), Decimal(str(lot["entry_price"].iloc[0]))
    key = position_id(UUID(lot["portfolio_id"].iloc[0]), lot["symbol"].iloc[0], entry, price)
    return [(POSITIONS, lot.assign(entry_date=entry, position_id=str(key)))]


def market_of(market: Market, days: DaysArray, wanted: DaysArray) -> list[Batch]:
    """Dividends, splits and prices of the wanted days; returns are from the previous day."""
    prices = prepare_prices(market.quotes, sessions=days, last_session=days[-1]).rows
    return [
        (CORPORATE_ACTIONS, market.actions[market.actions["ex_date"].isin(wanted)]),
        (PRICES, prices[prices["price_date"].isin(wanted)]),
    ]


def load_batches(connection: Connection, batches: Iterable[Batch]) -> list[LoadReport]:
    """Load each batch separately. Raises the errors of the loads."""
    return [
        load_frame(connection, dataset, frame, source=SOURCE, origin="generated for the benchmark")
        for dataset, frame in batches
    ]


def main(arguments: list[str] | None = None) -> None:
    """Load, and print a summary as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.generate", description=__doc__)
    parser.add_argument("--portfolios", type=int, required=True)
    parser.add_argument("--sessions", type=int, required=True, help="sessions of history; one more follows")
    parser.add_argument("--held", type=int, help="sessions for which positions are held; default: all")
    parser.add_argument("--next-date", action="store_true", help="load the session after the history")
    parser.add_argument("--late-lot", action="store_true", help="load a lot entered some sessions before")
    asked = parser.parse_args(arguments)
    days = benchmark_sessions(asked.sessions + 1)
    if asked.late_lot:
        batches = late_lot(days)
    else:
        batches = next_date(days) if asked.next_date else history(asked.portfolios, days, held=asked.held)
    with open_warehouse().connect_writer(application_name="benchmark") as connection:
        load_calendar(connection)
        begun = time.monotonic()
        reports = load_batches(connection, batches)
        seconds = time.monotonic() - begun
    rows = sum(report.rows_new for report in reports)
    print(json.dumps({"rows": rows, "seconds": round(seconds, 3)}))  # noqa: T201 - read by the caller


if __name__ == "__main__":
    main()
