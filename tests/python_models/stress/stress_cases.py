"""Inputs of the stress kernels: a date's factors, scenarios, stocks and options."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from python_models.panel import FloatArray
from python_models.stress.scenarios import FactorState, scenario_shocks
from python_models.stress.securities import security_stress
from tests.method_config import STRESS_CONFIG

NAN = float("nan")
DAY = pd.Timestamp("2025-06-30")
FACTORS = ["Market", "Value", "Quality", "Interest Rate"]
NAMES = pd.DataFrame({"factor": FACTORS})
STYLE_BETAS = {"Market": NAN, "Value": 0.8, "Quality": 1.0, "Interest Rate": 0.002}
VIX = 16.0


def covariance(seed: int = 3, size: int = 4) -> FloatArray:
    """A covariance whose last factor is a yield."""
    rng = np.random.default_rng(seed)
    loadings = rng.normal(size=(size, size + 2)) * np.array([0.01] * (size - 1) + [0.0006])[:, None]
    product: FloatArray = loadings @ loadings.T
    return product


def covariance_frame(
    matrix: FloatArray, factors: Sequence[str] = FACTORS, as_of_date: pd.Timestamp = DAY
) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (as_of_date, first, second, matrix[i, j])
            for i, first in enumerate(factors)
            for j, second in enumerate(factors)
        ],
        columns=["as_of_date", "factor_1", "factor_2", "stress_covariance"],
    )


def state(
    covariances: pd.DataFrame | None = None,
    *,
    vix: float = VIX,
    style_betas: dict[str, float] | None = None,
) -> FactorState:
    """The factors of every date of the covariances."""
    frame = covariance_frame(covariance()) if covariances is None else covariances
    betas = STYLE_BETAS if style_betas is None else style_betas
    days = frame["as_of_date"].unique()
    return FactorState(
        frame,
        pd.DataFrame(
            [(day, factor, beta) for day in days for factor, beta in betas.items()],
            columns=["as_of_date", "factor", "style_beta"],
        ),
        pd.DataFrame({"as_of_date": days, "vix": vix}),
    )


def scenario_rows(*rows: tuple[str, str, float] | tuple[str, str, float, str]) -> pd.DataFrame:
    """Scenarios from (id, factor, shock, basis); the basis is total unless stated."""
    return pd.DataFrame(
        [(*row, "total")[:4] for row in rows], columns=["scenario_id", "factor", "shock", "shock_basis"]
    )


SCENARIOS = scenario_rows(
    ("market_down_10", "Market", -0.10),
    ("market_down_5", "Market", -0.05),
    ("market_crash_35", "Market", -0.35),
    ("market_up_10", "Market", 0.10),
    ("rates_up_100bp", "Interest Rate", 0.01),
    ("flight", "Quality", 0.02, "beyond_market"),
    ("flight", "Market", -0.10),
    ("crisis", "Market", -0.30),
    ("crisis", "Value", -0.35),
    ("crisis", "Quality", -0.28),
    ("crisis", "Interest Rate", -0.01),
    ("crisis", "Volatility", 1.5),
)


def betas_of(frame: dict[str, list[float]], as_of_date: pd.Timestamp = DAY) -> pd.DataFrame:
    """Betas in the order of FACTORS."""
    return pd.DataFrame(
        [
            (as_of_date, symbol, factor, beta)
            for symbol, values in frame.items()
            for factor, beta in zip(FACTORS, values, strict=True)
        ],
        columns=["as_of_date", "symbol", "factor", "beta"],
    )


BETAS = betas_of(
    {
        "SPY": [1.0, 0.0, 0.0, 0.0],
        "VTV": [0.8, 1.0, 0.0, 0.0],
        "TLT": [-0.1, 0.0, 0.1, -16.0],
        "TSLA": [2.3, -1.2, -0.6, 1.5],
        "LEVERED": [3.6, 0.0, 0.0, 0.0],
        "XOM": [0.7, 0.9, 0.1, 3.0],
        "VIX": [-6.0, 0.0, 0.0, 0.0],
    }
)


def stocks(prices: dict[str, float], as_of_date: pd.Timestamp = DAY) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "as_of_date": as_of_date,
            "instrument_id": list(prices),
            "symbol": list(prices),
            "price": list(prices.values()),
            "is_option": False,
            "option_type": None,
            "exercise": None,
            "strike_price": NAN,
            "years_to_expiration": NAN,
            "risk_free_rate": NAN,
            "dividend_yield": NAN,
            "implied_volatility": NAN,
            "volatility_sensitivity": NAN,
            "is_on_vix": False,
        }
    )


STOCKS = stocks({"SPY": 600.0, "VTV": 170.0, "TLT": 90.0, "TSLA": 320.0, "LEVERED": 50.0, "XOM": 110.0})


def options(count: int = 12, seed: int = 9) -> pd.DataFrame:
    """Options on the stocks of STOCKS, alternately calls and puts."""
    rng = np.random.default_rng(seed)
    rows = STOCKS.iloc[rng.integers(0, len(STOCKS), count)].reset_index(drop=True)
    return rows.assign(
        instrument_id=[f"option{place:03}" for place in range(count)],
        is_option=True,
        option_type=np.where(np.arange(count) % 2 == 0, "CALL", "PUT"),
        exercise="EUROPEAN",
        strike_price=rows["price"] * rng.uniform(0.8, 1.2, count),
        years_to_expiration=rng.uniform(0.05, 1.5, count),
        risk_free_rate=0.04,
        dividend_yield=0.01,
        implied_volatility=rng.uniform(0.15, 0.6, count),
        volatility_sensitivity=np.where(rows["symbol"] == "SPY", 1.0, 0.65),
    )


def vix_call(strike: float = 25.0, days: float = 16.0) -> pd.DataFrame:
    return options(1).assign(
        instrument_id="vix call",
        symbol="VIX",
        price=VIX,
        strike_price=strike,
        years_to_expiration=days / 365,
        dividend_yield=0.0,
        implied_volatility=1.0,
        volatility_sensitivity=1.0,
        is_on_vix=True,
    )


def pricing(frame: pd.DataFrame) -> list[FloatArray]:
    """The arguments of option_price."""
    names = ["price", "strike_price", "years_to_expiration", "risk_free_rate", "dividend_yield"]
    numbers = [frame[name].to_numpy(dtype=float) for name in [*names, "implied_volatility"]]
    return [(frame["option_type"] == "CALL").to_numpy(), *numbers]


def securities() -> pd.DataFrame:
    return pd.concat([STOCKS, options(), vix_call()], ignore_index=True)


def shocks_of(scenarios: pd.DataFrame = SCENARIOS, as_of_date: pd.Timestamp = DAY) -> pd.DataFrame:
    frame = covariance_frame(covariance(), FACTORS, as_of_date)
    return scenario_shocks(state(frame), scenarios, NAMES, STRESS_CONFIG)


NO_REPLAYS = pd.DataFrame(
    {
        "scenario_id": pd.Series(dtype=str),
        "symbol": pd.Series(dtype=str),
        "last_date": pd.Series(dtype="datetime64[ns]"),
        "own_return": pd.Series(dtype=float),
    }
)


def stress_of(
    frame: pd.DataFrame | None = None,
    betas: pd.DataFrame = BETAS,
    shocks: pd.DataFrame | None = None,
    replays: pd.DataFrame = NO_REPLAYS,
) -> pd.DataFrame:
    return security_stress(
        securities() if frame is None else frame,
        betas,
        shocks_of() if shocks is None else shocks,
        replays,
        STRESS_CONFIG,
    )


def by_instrument(stress: pd.DataFrame, scenario: str) -> pd.DataFrame:
    return stress[stress["scenario_id"] == scenario].set_index("instrument_id")


def wide(frame: pd.DataFrame, index: str, columns: str, values: str) -> pd.DataFrame:
    return frame.pivot(index=index, columns=columns, values=values)  # noqa: PD010  # keeps all-NaN columns
