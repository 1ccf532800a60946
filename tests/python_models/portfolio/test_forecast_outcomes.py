"""Outcomes of volatility forecasts, by hand, against a slow loop, and where returns are missing."""

import numpy as np
import pandas as pd
import pytest

from python_models.portfolio.forecast_outcomes import forecast_outcomes

DAYS = pd.bdate_range("2025-01-01", periods=12)
FIRST_SESSION = 100


def _returns(values: dict[str, list[float]]) -> pd.DataFrame:
    """Long frame of the last sessions of DAYS; NaN is no row."""
    rows = [
        (symbol, DAYS[place], FIRST_SESSION + place, value)
        for symbol, series in values.items()
        for place, value in enumerate(series, start=len(DAYS) - len(series))
        if np.isfinite(value)
    ]
    return pd.DataFrame(rows, columns=["symbol", "as_of_date", "session_number", "daily_return"])


def _weights(rows: list[tuple[str, int, str, float]]) -> pd.DataFrame:
    """portfolio, place in DAYS, symbol, weight."""
    return pd.DataFrame(
        [(portfolio, DAYS[place], symbol, weight) for portfolio, place, symbol, weight in rows],
        columns=["portfolio_id", "as_of_date", "symbol", "weight"],
    )


def test_by_hand() -> None:
    """0.5 x 2 % - 0.2 x 5 % = 0, then 0.5 x -2 % - 0.2 x 10 % = -3 %: sum -3 %, root of 252/2 x 0.0009."""
    returns = _returns({"A": [0.5, 0.02, -0.02], "B": [0.5, 0.05, 0.10]})
    found = forecast_outcomes(_weights([("p", 11, "A", 0.5), ("p", 11, "B", -0.2)]), returns, horizon=2)
    assert found.to_dict("records") == [
        {
            "portfolio_id": "p",
            "as_of_date": DAYS[11],
            "pro_forma_return": pytest.approx(-0.03),
            "pro_forma_volatility": pytest.approx((126 * 0.0009) ** 0.5),
        }
    ]


def test_a_symbol_without_returns_counts_nothing_and_one_with_a_gap_leaves_no_outcome() -> None:
    nan = float("nan")
    returns = _returns({"A": [0.01, 0.02], "GAP": [nan, 0.02], "OTHER": [0.01, nan], "OLD": [0.1, nan, nan]})
    weights = _weights(
        [
            *[("none", 11, symbol, 1.0) for symbol in ("A", "OLD", "UNKNOWN")],
            *[("gap", 11, symbol, 1.0) for symbol in ("A", "GAP")],
            # as many symbols on both sessions, but not the same ones
            *[("gaps", 11, symbol, 1.0) for symbol in ("A", "GAP", "OTHER")],
            ("unpriced", 11, "UNKNOWN", 1.0),
            *[("zero", 11, symbol, 0.0) for symbol in ("A", "GAP")],
        ]
    )
    found = forecast_outcomes(weights, returns, horizon=2).set_index("portfolio_id")
    assert list(found.index) == ["none", "zero"]
    assert found.loc["zero", "pro_forma_return"] == 0
    assert found.loc["none", "pro_forma_return"] == pytest.approx(0.03)


def test_equal_to_a_loop_over_portfolios_dates_and_sessions() -> None:
    rng = np.random.default_rng(4)
    values = {symbol: rng.normal(0, 0.02, len(DAYS)).tolist() for symbol in "ABCDE"}
    rows = [
        (portfolio, place, symbol, float(rng.normal()))
        for portfolio in ("p", "q", "r")
        for place in (3, 4, 9)
        for symbol in "ABCDE"
        if rng.random() < 0.7
    ]
    found = forecast_outcomes(_weights(rows), _returns(values), horizon=5)
    assert set(found["as_of_date"]) == {DAYS[4], DAYS[9]}  # four sessions before DAYS[3] are too few
    for row in found.to_dict("records"):
        place = list(DAYS).index(row["as_of_date"])
        mine = [each for each in rows if each[:2] == (row["portfolio_id"], place)]
        held = [(symbol, weight) for *_, symbol, weight in mine]
        daily = [sum(w * values[s][day] for s, w in held) for day in range(place - 4, place + 1)]
        assert row["pro_forma_return"] == pytest.approx(sum(daily), abs=1e-15)
        assert row["pro_forma_volatility"] == pytest.approx((252 / 5 * sum(r * r for r in daily)) ** 0.5)


def test_no_weights_and_no_returns_give_no_rows() -> None:
    weights, returns = _weights([("p", 11, "A", 1.0)]), _returns({"A": [0.01, 0.02]})
    assert forecast_outcomes(weights.iloc[:0], returns, horizon=2).empty
    assert forecast_outcomes(weights, returns.iloc[:0], horizon=2).empty
