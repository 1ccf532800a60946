"""Input returns and matrices for the tests of correlations."""

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]
PUBLISHED = np.array(
    [[1, 0.9, 0.7], [0.9, 1, 0.3], [0.7, 0.3, 1]]
)  # not a valid correlation matrix; see its test


def constant(size: int, correlation: float) -> FloatArray:
    """A matrix in which all pairs have the same correlation."""
    return np.where(np.eye(size) > 0, 1.0, correlation)


def make_returns(sessions: int, symbols: int, *, seed: int = 7, missing: float = 0.0) -> FloatArray:
    """Returns with a common market factor; a share `missing` of them is absent."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 0.01, (sessions, 1)) * rng.uniform(-1, 2, symbols)
    values += rng.normal(0.0005, 0.01, (sessions, symbols))
    values[rng.random((sessions, symbols)) < missing] = np.nan
    return values


def as_long(values: FloatArray) -> pd.DataFrame:
    """The returns as passed by dbt: one row per symbol and session with a return."""
    frame = pd.DataFrame(values, columns=[f"S{i:03}" for i in range(values.shape[1])]).assign(
        as_of_date=pd.bdate_range("2024-01-02", periods=len(values)),
        session_number=np.arange(500, 500 + len(values)),
    )
    long = frame.melt(["as_of_date", "session_number"], var_name="symbol", value_name="daily_return")
    return long.dropna(subset="daily_return").reset_index(drop=True)
