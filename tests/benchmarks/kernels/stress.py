"""Stress and value at risk of a thousand portfolios, compared with plain loops with mibian and numpy."""

import math
from typing import Any, NamedTuple

import mibian
import numpy as np
import pandas as pd
from scipy import sparse

from python_models.panel import FloatArray
from python_models.portfolio.value_at_risk import portfolio_value_at_risk
from python_models.stress.scenarios import FactorState, scenario_shocks
from python_models.stress.securities import security_stress
from tests.benchmarks.comparison import Comparison, best_of, once
from tests.method_config import RISK_CONFIG, STRESS_CONFIG

FACTORS = [
    "Market",
    "Value",
    "Growth",
    "Momentum",
    "Quality",
    "Size",
    "Low Volatility",
    "Interest Rate",
]
DAY = pd.Timestamp("2025-06-30")
PORTFOLIOS, POSITIONS, SYMBOLS, OPTIONS, SCENARIOS = 1_000, 50, 500, 2_500, 39
PEER_POSITIONS = 1_000  # a fiftieth: the loop takes minutes for all of them
PEER_PORTFOLIOS = 100
FACTOR_NAMES = pd.DataFrame({"factor": FACTORS})
NO_REPLAYS = pd.DataFrame(columns=["scenario_id", "symbol", "last_date", "own_return"])


class Book(NamedTuple):
    """One date's securities, betas and factors; quantities: (portfolios, securities) by instrument."""

    securities: pd.DataFrame
    betas: pd.DataFrame
    state: FactorState
    quantities: sparse.csr_array


def measure() -> list[Comparison]:
    """39 scenarios for 50,000 positions, 2,500 of them options; and value at risk over 252 sessions."""
    return [_measure_stress(), _measure_value_at_risk()]


def _measure_stress() -> Comparison:
    book = _book()
    scenarios = _scenarios()
    seconds = best_of(lambda: _stress(book, scenarios), times=3)
    share = PEER_POSITIONS / (PORTFOLIOS * POSITIONS)
    peer_seconds = once(lambda: _loop(book, scenarios, PEER_POSITIONS)) / share
    return Comparison(
        what="stress of 50,000 positions, 2,500 of them options, in 39 scenarios, direct and correlated",
        seconds=seconds,
        peer="a loop over positions and scenarios, direct alone, mibian for the options",
        peer_seconds=peer_seconds,
        peer_share=share,
        target="under 5 s",
        is_met=seconds < 5,
    )


def _measure_value_at_risk() -> Comparison:
    pnl = np.random.default_rng(1).standard_t(4, (252, PORTFOLIOS)) * 1000
    seconds = best_of(lambda: portfolio_value_at_risk(pnl, RISK_CONFIG))
    share = PEER_PORTFOLIOS / PORTFOLIOS
    peer_seconds = once(lambda: _historical_loop(pnl[:, :PEER_PORTFOLIOS])) / share
    return Comparison(
        what="value at risk and shortfall of 1,000 portfolios over 252 sessions, three ways, two confidences",
        seconds=seconds,
        peer="pandas, portfolio by portfolio, historical alone",
        peer_seconds=peer_seconds,
        peer_share=share,
        target="faster than pandas",
        is_met=seconds < peer_seconds,
    )


def _stress(book: Book, scenarios: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Direct and correlated P&L, each of shape (n_portfolios, n_scenarios)."""
    shocks = scenario_shocks(book.state, scenarios, FACTOR_NAMES, STRESS_CONFIG)
    stress = security_stress(book.securities, book.betas, shocks, NO_REPLAYS, STRESS_CONFIG)
    shape = (book.quantities.shape[1], -1)  # rows are ordered by instrument and scenario
    direct, correlated = (stress[name].to_numpy().reshape(shape) for name in ("direct_pnl", "correlated_pnl"))
    return book.quantities @ direct, book.quantities @ correlated


def _loop(book: Book, scenarios: pd.DataFrame, positions: int) -> dict[tuple[int, str], float]:
    """Direct P&L of the first positions, one by one."""
    betas = book.betas.set_index(["symbol", "factor"])["beta"].to_dict()
    moves = {
        name: list(zip(rows["factor"], np.log1p(rows["shock"]), strict=True)) for name, rows in _by(scenarios)
    }
    securities = list(book.securities.sort_values("instrument_id").itertuples(index=False))
    held = book.quantities.tocoo()
    chosen = np.random.default_rng(2).permutation(held.nnz)[:positions]  # a representative share of options
    total: dict[tuple[int, str], float] = {}
    for place in chosen:
        portfolio, security = int(held.row[place]), securities[held.col[place]]
        for scenario, shocks in moves.items():
            move = math.expm1(sum(betas[security.symbol, factor] * shock for factor, shock in shocks))
            pnl = _repriced(security, move) if security.is_option else security.price * move
            total[portfolio, scenario] = total.get((portfolio, scenario), 0.0) + held.data[place] * pnl
    return total


def _by(scenarios: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(str(name), rows) for name, rows in scenarios.groupby("scenario_id")]


def _repriced(option: Any, move: float) -> float:
    spot = option.price * max(1 + move, 1e-6)  # the peer cannot price a spot of zero
    return _price(option, spot) - _price(option, option.price)


def _price(option: Any, spot: float) -> float:
    """The peer takes percents, days, and annual dividends in USD."""
    terms = [spot, option.strike_price, 100 * option.risk_free_rate, option.dividend_yield * spot]
    days, volatility = 365 * option.years_to_expiration, 100 * option.implied_volatility
    value = mibian.Me([*terms, days], volatility=volatility)
    return float(value.callPrice if option.option_type == "CALL" else value.putPrice)


def _historical_loop(pnl: FloatArray) -> list[tuple[float, float]]:
    risks = []
    for column in pnl.T:
        series = pd.Series(column)
        for alpha in (0.05, 0.01):
            quantile = series.quantile(alpha)
            risks.append((-quantile, -series[series <= quantile].mean()))
    return risks


def _book() -> Book:
    rng = np.random.default_rng(7)
    symbols = [f"S{number:03}" for number in range(SYMBOLS)]
    stocks = pd.DataFrame(
        {
            "as_of_date": DAY,
            "instrument_id": symbols,
            "symbol": symbols,
            "price": rng.uniform(20, 500, SYMBOLS),
            "is_option": False,
            "option_type": None,
            "exercise": None,
            "is_on_vix": False,
        }
    )
    options = stocks.iloc[rng.integers(0, SYMBOLS, OPTIONS)].assign(
        instrument_id=[f"Z{number:04}" for number in range(OPTIONS)],  # sorted after the stocks
        is_option=True,
        option_type=rng.choice(["CALL", "PUT"], OPTIONS),
        exercise="AMERICAN",
        strike_price=rng.uniform(20, 500, OPTIONS),
        years_to_expiration=rng.integers(5, 500, OPTIONS) / 365,
        risk_free_rate=0.04,
        dividend_yield=0.01,
        implied_volatility=rng.uniform(0.15, 0.6, OPTIONS),
        volatility_sensitivity=0.65,
    )
    betas = pd.DataFrame(
        {
            "as_of_date": DAY,
            "symbol": np.repeat(symbols, len(FACTORS)),
            "factor": np.tile(FACTORS, SYMBOLS),
            "beta": rng.normal(0.3, 0.5, SYMBOLS * len(FACTORS)),
        }
    )
    state = FactorState(
        _covariance(rng),
        pd.DataFrame({"as_of_date": DAY, "factor": FACTORS, "style_beta": 0.0}),
        pd.DataFrame({"as_of_date": [DAY], "vix": [16.0]}),
    )
    return Book(pd.concat([stocks, options], ignore_index=True), betas, state, _quantities(rng))


def _scenarios() -> pd.DataFrame:
    """Scenarios of one to five shocked factors."""
    rng = np.random.default_rng(5)
    rows = [
        (f"scenario_{number:02}", factor, rng.uniform(-0.3, 0.3) * (0.1 if factor == "Interest Rate" else 1))
        for number in range(SCENARIOS)
        for factor in rng.choice(FACTORS, 1 + number % 5, replace=False)
    ]
    frame = pd.DataFrame(rows, columns=["scenario_id", "factor", "shock"])
    return frame.assign(shock_basis="total")


def _covariance(rng: np.random.Generator) -> pd.DataFrame:
    loadings = rng.normal(0, 0.01, (len(FACTORS), 12))
    matrix = pd.DataFrame(loadings @ loadings.T, index=FACTORS, columns=FACTORS)
    long = matrix.rename_axis("factor_1").reset_index()
    return long.melt("factor_1", var_name="factor_2", value_name="stress_covariance").assign(as_of_date=DAY)


def _quantities(rng: np.random.Generator) -> sparse.csr_array:
    """50 positions per portfolio, of which two or three are options; each option is held once."""
    places = [rng.choice(SYMBOLS, POSITIONS, replace=False) for _ in range(PORTFOLIOS)]
    columns = np.stack(places)
    for option in range(OPTIONS):
        columns[option % PORTFOLIOS, option // PORTFOLIOS] = SYMBOLS + option
    rows = np.repeat(np.arange(PORTFOLIOS), POSITIONS)
    quantity = rng.normal(0, 100, len(rows))
    return sparse.csr_array((quantity, (rows, columns.ravel())), shape=(PORTFOLIOS, SYMBOLS + OPTIONS))
