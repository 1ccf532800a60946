"""A simple factor model of the demo's markets: invented prices that behave like real ones.

Pure: no database, no clock; the same seed gives the same numbers. A symbol's total return on a session is

    cash rate + betas x factor returns - duration x change of the 10-year yield + idiosyncratic return

The factors are the market, six styles (in excess of the market) and a sector. Each path is shifted to pass
exactly through its anchor, the entry price of the demo's positions. Each symbol draws from its own random
stream, so that adding one changes no other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pandas as pd

DaysArray = npt.NDArray[np.datetime64]
FloatArray = npt.NDArray[np.float64]

STYLES = ("value", "growth", "momentum", "quality", "size", "low_volatility")
TENORS = {
    "DGS1MO": 0.0,
    "DGS3MO": 0.05,
    "DGS6MO": 0.12,
    "DGS1": 0.25,
    "DGS2": 0.45,
    "DGS3": 0.55,
    "DGS5": 0.75,
    "DGS7": 0.88,
    "DGS10": 1.0,
    "DGS20": 1.1,
    "DGS30": 1.15,
}
"""Treasury series, and the weight of the 10-year yield in each (0: the policy rate alone)."""

VOLATILITY_INDEX = "VIX"

_YEAR = 252
_MONTHS = 12
_LARGEST_LOSS = 0.25  # in one day
_MARKET_VOLATILITY = 0.15
_MARKET_PREMIUM = 0.08
_FACTOR_VOLATILITY: Mapping[str, float] = {
    "value": 0.06,
    "growth": 0.06,
    "momentum": 0.08,
    "quality": 0.035,
    "size": 0.09,
    "low_volatility": 0.05,
    "technology": 0.07,
    "software": 0.12,
    "semiconductors": 0.16,
    "communication": 0.08,
    "consumer": 0.08,
    "staples": 0.07,
    "healthcare": 0.09,
    "financials": 0.09,
    "industrials": 0.08,
    "energy": 0.18,
    "utilities": 0.11,
    "real_estate": 0.09,
    "international": 0.08,
    "gold": 0.15,
    "commodities": 0.13,
}
_YIELD_VOLATILITY = 0.0006  # of the 10-year yield per day, decimal: six basis points
_YIELD_AT_ANCHOR = 0.0425
_YIELD_PULL = 0.01  # mean reversion per day, towards the yield at the anchor
_TERM_PREMIUM = {"DGS20": 0.0045, "DGS30": 0.0045}
_POLICY_RATES = (
    ("2024-01-01", 0.0533),
    ("2024-09-19", 0.0483),
    ("2024-11-08", 0.0458),
    ("2024-12-19", 0.0433),
    ("2025-09-18", 0.0408),
    ("2025-10-30", 0.0383),
    ("2025-12-11", 0.0358),
)


@dataclass(frozen=True)
class Security:
    """The parameters of a security.

    price: the close at the anchor, USD. betas: by factor. duration: years. idiosyncratic_volatility,
    dividend_yield: decimal per year. average_volume: shares per day; None for a fund with one price per day.
    shares_outstanding: None if not known.
    """

    symbol: str
    price: float
    betas: Mapping[str, float]
    duration: float
    idiosyncratic_volatility: float
    dividend_yield: float
    dividends_per_year: int
    average_volume: float | None
    shares_outstanding: float | None = None


@dataclass(frozen=True)
class SimulatedMarkets:
    """quotes: in the layout of price_history, closes as traded. dividends: symbol, ex_date, amount (USD).

    rates: series, rate_date, rate_pct (percent per year).
    """

    quotes: pd.DataFrame
    dividends: pd.DataFrame
    rates: pd.DataFrame


def simulate_markets(
    securities: Sequence[Security], sessions: DaysArray, anchor: np.datetime64, seed: int
) -> SimulatedMarkets:
    """Prices, dividends and rates of all sessions.

    sessions: datetime64[D], ascending; includes the anchor.
    """
    place = int(np.flatnonzero(sessions == anchor)[0])
    factors = _factor_returns(len(sessions), seed)
    yields = _ten_year_yield(factors["market"], place, seed)
    cash = policy_rates(sessions)
    quotes, dividends = [], []
    for security in securities:
        draws = _generator(seed, security.symbol)
        payout = _payouts(security, sessions)
        if security.symbol == VOLATILITY_INDEX:
            close = _volatility_index(factors["market"], security.price, place, draws)
        else:
            total = _total_returns(security, factors, yields, cash, draws)
            close = _closes(total, payout, security.price, place)
        amounts = np.round(payout * np.roll(close, 1), 4)
        quotes.append(_quotes(security, sessions, close, amounts, draws))
        paid = np.flatnonzero(amounts[1:] > 0) + 1
        dividends.append(
            pd.DataFrame({"symbol": security.symbol, "ex_date": sessions[paid], "amount": amounts[paid]})
        )
    return SimulatedMarkets(
        pd.concat(quotes, ignore_index=True),
        pd.concat(dividends, ignore_index=True),
        treasury_rates(sessions, yields, cash),
    )


def policy_rates(sessions: DaysArray) -> FloatArray:
    """The policy rate on each session, decimal per year."""
    steps = np.array([day for day, _ in _POLICY_RATES], dtype="datetime64[D]")
    levels = np.array([level for _, level in _POLICY_RATES])
    rates: FloatArray = levels[np.searchsorted(steps, sessions, side="right") - 1]
    return rates


def treasury_rates(sessions: DaysArray, yields: FloatArray, policy: FloatArray) -> pd.DataFrame:
    """The curve between the policy rate and the 10-year yield (decimal), in percent with two decimals."""
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "series": series,
                    "rate_date": sessions,
                    "rate_pct": np.round(
                        100 * (policy + share * (yields - policy) + _TERM_PREMIUM.get(series, 0.0)), 2
                    ),
                }
            )
            for series, share in TENORS.items()
        ],
        ignore_index=True,
    )


# --- factors ---------------------------------------------------------------------------------------------


def _generator(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, crc32(name.encode())])


def _factor_returns(count: int, seed: int) -> dict[str, FloatArray]:
    """Daily returns by factor, shape (count,). The market has stochastic volatility, the others constant."""
    draws = _generator(seed, "market")
    nervousness = np.zeros(count)
    for day in range(1, count):
        nervousness[day] = 0.97 * nervousness[day - 1] + 0.12 * draws.standard_normal()
    spread = np.exp(nervousness - nervousness.var())
    scale = _MARKET_VOLATILITY / np.sqrt(_YEAR)
    drift = _MARKET_PREMIUM / _YEAR
    returns = {"market": drift + scale * spread * draws.standard_t(6, count) / np.sqrt(1.5)}
    for name, volatility in _FACTOR_VOLATILITY.items():
        steady = _generator(seed, f"factor {name}").standard_t(8, count) / np.sqrt(8 / 6)
        returns[name] = volatility / np.sqrt(_YEAR) * steady
    return returns


def _ten_year_yield(market: FloatArray, place: int, seed: int) -> FloatArray:
    """The 10-year yield, decimal with four decimals as published; slightly correlated with stocks."""
    shocks = _generator(seed, "yield").standard_normal(len(market))
    shocks = 0.2 * market / market.std() + np.sqrt(1 - 0.2**2) * shocks
    level = np.empty(len(market))
    level[0] = _YIELD_AT_ANCHOR
    for day in range(1, len(market)):
        pull = _YIELD_PULL * (_YIELD_AT_ANCHOR - level[day - 1])
        level[day] = level[day - 1] + pull + _YIELD_VOLATILITY * shocks[day]
    published: FloatArray = np.round(level - level[place] + _YIELD_AT_ANCHOR, 4)
    return published


def _volatility_index(
    market: FloatArray, at_anchor: float, place: int, draws: np.random.Generator
) -> FloatArray:
    """An index that jumps when the market falls and reverts to its mean, two decimals."""
    log_level = np.zeros(len(market))
    noise = 0.04 * draws.standard_normal(len(market))
    for day in range(1, len(market)):
        log_level[day] = 0.94 * log_level[day - 1] - 4.5 * market[day] + noise[day]
    index: FloatArray = np.round(at_anchor * np.exp(log_level - log_level[place]), 2)
    return index


# --- one security ----------------------------------------------------------------------------------------


def _total_returns(
    security: Security,
    factors: Mapping[str, FloatArray],
    yields: FloatArray,
    cash: FloatArray,
    draws: np.random.Generator,
) -> FloatArray:
    """Total return of each session (decimal), shape (sessions,); the first is not used."""
    total: FloatArray = cash / _YEAR - security.duration * np.diff(yields, prepend=yields[0])
    for factor, beta in security.betas.items():
        total = total + beta * factors[factor]
    own = draws.standard_t(5, len(total)) / np.sqrt(5 / 3)
    total = total + security.idiosyncratic_volatility / np.sqrt(_YEAR) * own
    # cap the loss: a t-distributed draw may fall below -100 %
    return np.maximum(total, -_LARGEST_LOSS)


def _payouts(security: Security, sessions: DaysArray) -> FloatArray:
    """Dividend of each session as a fraction of the previous close."""
    payout = np.zeros(len(sessions))
    times = security.dividends_per_year
    if times == 0:
        return payout
    months = sessions.astype("datetime64[M]")
    is_first = np.concatenate([[False], months[1:] != months[:-1]])
    name = crc32(security.symbol.encode())
    every = _MONTHS // times
    # monthly payers go ex on the first session of the month, others some days later, depending on the symbol
    delay = 0 if times == _MONTHS else 3 + name % 12
    days = np.flatnonzero(is_first & (months.astype(int) % every == name % every)) + delay
    payout[days[days < len(sessions)]] = security.dividend_yield / times
    return payout


def _closes(total: FloatArray, payout: FloatArray, at_anchor: float, place: int) -> FloatArray:
    """Closes, four decimals, with the total returns `total` and the value `at_anchor` at `place`."""
    log_level = np.cumsum(np.log(1 + total - payout))
    closes: FloatArray = np.round(at_anchor * np.exp(log_level - log_level[place]), 4)
    return closes


def _quotes(
    security: Security,
    sessions: DaysArray,
    close: FloatArray,
    dividends: FloatArray,
    draws: np.random.Generator,
) -> pd.DataFrame:
    """The symbol's rows; adjusted closes are chained back from the last close."""
    returns = np.concatenate([[0.0], (close[1:] + dividends[1:]) / close[:-1] - 1])
    log_level = np.cumsum(np.log1p(returns))
    frame = pd.DataFrame(
        {
            "symbol": security.symbol,
            "price_date": sessions.astype("datetime64[s]"),
            "close": close,
            "adj_close": close[-1] * np.exp(log_level - log_level[-1]),
        }
    )
    if security.average_volume is not None:
        frame = frame.assign(**_days_range(close, returns, draws))
        activity = np.exp(0.25 * draws.standard_normal(len(close))) * (
            1 + np.abs(returns) / returns.std() / 3
        )
        frame["volume"] = np.round(security.average_volume * activity / activity.mean())
    return frame


def _days_range(close: FloatArray, returns: FloatArray, draws: np.random.Generator) -> dict[str, FloatArray]:
    """Open, high and low around each close, four decimals."""
    before = np.concatenate([close[:1], close[:-1]])
    spread = returns.std() * np.abs(draws.standard_normal((2, len(close)))) / 2
    opens = np.round(before * (1 + returns.std() * 0.3 * draws.standard_normal(len(close))), 4)
    return {
        "open": opens,
        "high": np.round(np.maximum(opens, close) * (1 + spread[0]), 4),
        "low": np.round(np.minimum(opens, close) * (1 - spread[1]), 4),
    }
