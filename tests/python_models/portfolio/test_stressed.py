"""Stressed value at risk: by hand, against plain loops, and equal to value at risk where the windows are."""

import numpy as np
import pandas as pd
import pytest

from python_models.portfolio.days import PastReturns
from python_models.portfolio.stressed import stressed_risk
from tests.method_config import RISK_CONFIG
from tests.python_models.portfolio import test_risk as market

FIGURES = ["var_95_1d", "var_99_1d", "es_95_1d", "es_99_1d"]
LENGTH = 100
END = 250  # place of the window's last session
LAST = market.FIRST_SESSION + market.SESSIONS - 1


def window(end: int = END, length: int = LENGTH) -> pd.DataFrame:
    return pd.DataFrame({"window_end": [market.CALENDAR[end]], "session_count": [length]})


def stressed(
    holdings: pd.DataFrame,
    options: pd.DataFrame = market.NO_OPTIONS,
    past: PastReturns = market.PAST,
    over: pd.DataFrame | None = None,
) -> pd.DataFrame:
    over = window() if over is None else over
    return stressed_risk(holdings, options, past, over, risk_rules=RISK_CONFIG)


def test_over_the_current_window_it_is_value_at_risk() -> None:
    """Gaps, proxies and their draws included."""
    holdings = market._holdings(market.BOOKS)
    current = stressed(holdings, market.OPTIONS, over=window(market.SESSIONS - 1, RISK_CONFIG.window))
    risk = market._tail(holdings, market.OPTIONS)
    assert list(current["portfolio_id"]) == list(risk["portfolio_id"]) == sorted(market.BOOKS)
    for name in FIGURES:
        np.testing.assert_array_equal(current[f"{name}_stressed"], risk[name])
    np.testing.assert_array_equal(current["stressed_scenario_days"], risk["scenario_days"])


def test_by_hand_it_is_the_loss_of_the_windows_returns() -> None:
    """A book of the market: a hundred returns, all known, of which the fifth worst is interpolated."""
    (row,) = stressed(market._holdings({"long": {"SPY": 1000.0}})).to_dict("records")
    losses = sorted(
        -1000.0 * market._market()["SPY"][market.FIRST_SESSION + place]
        for place in range(END - LENGTH + 1, END + 1)
    )
    # the place of the quantile is 0.05 x 99 = 4.95 from the worst
    assert row["var_95_1d_stressed"] == pytest.approx(0.05 * losses[-5] + 0.95 * losses[-6], rel=1e-12)
    assert row["es_95_1d_stressed"] == pytest.approx(np.mean(losses[-5:]), rel=1e-12)
    assert (row["stressed_scenario_days"], row["stressed_proxied_share"]) == (LENGTH, 0.0)


def slow_moves(symbol: str, sessions: range) -> dict[int, float]:
    """A symbol's returns in the window, with the betas of the date times the factors' moves where missing."""
    betas, own = market._beta_table()[symbol], market._market()[symbol]
    history = LAST - market.FIRST_SESSION + 1
    factors = market._slow_factors(market._market(), market._yields(), LAST, history)

    def fitted(session: int) -> float:
        return sum(betas[name] * factors[name].get(session, 0.0) for name in market.NAMES)

    sample = [own[s] - fitted(s) for s in range(market.FIRST_SESSION, sessions[-1] + 1) if s in own]
    pool = sorted(value - np.mean(sample) for value in sample)
    found = {}
    for session in sessions:
        place = int(market._slow_uniform(symbol, session) * len(pool))
        residual = pool[place] if len(pool) >= 60 else 0.0
        found[session] = own.get(session, fitted(session) + residual)
    return found


@pytest.mark.parametrize("portfolio", market.BOOKS)
def test_it_equals_plain_loops(portfolio: str) -> None:
    """NEW has no return in the window: all of its outcomes are proxied. GONE has no betas."""
    first = market.FIRST_SESSION + END - LENGTH + 1
    sessions = range(first, first + LENGTH)
    book = {symbol: size for symbol, size in market.BOOKS[portfolio].items() if symbol != "GONE"}
    paths = {symbol: slow_moves(symbol, sessions) for symbol in book}
    total = {s: sum(size * paths[symbol][s] for symbol, size in book.items()) for s in sessions}
    for option in market.OPTIONS[market.OPTIONS["portfolio_id"] == portfolio].to_dict("records"):
        unmoved = market._slow_option(option, 0.0)
        for session, move in paths[option["symbol"]].items():
            total[session] += option["units"] * (market._slow_option(option, move) - unmoved)
    values = list(total.values())
    found = stressed(market._holdings(market.BOOKS), market.OPTIONS).set_index("portfolio_id").loc[portfolio]
    for label, alpha in ((95, 0.05), (99, 0.01)):
        quantile = float(np.quantile(values, alpha))
        shortfall = np.mean([value for value in values if value <= quantile])
        assert found[f"var_{label}_1d_stressed"] == pytest.approx(-quantile, rel=1e-8)
        assert found[f"es_{label}_1d_stressed"] == pytest.approx(-shortfall, rel=1e-8)
    gross = {symbol: abs(market._exposure(portfolio, symbol, size)) for symbol, size in book.items()}
    unknown = {symbol: LENGTH - len(market._market()[symbol].keys() & {*sessions}) for symbol in book}
    proxied = sum(gross[symbol] * unknown[symbol] / LENGTH for symbol in book)
    assert found["stressed_proxied_share"] == pytest.approx(proxied / sum(gross.values()), rel=1e-12)
    assert found["stressed_scenario_days"] == LENGTH


def test_the_holdings_change_and_the_window_does_not() -> None:
    """The same book of known returns has the same figures on every date from the window's end on."""
    days = [market.CALENDAR[place] for place in (END - 1, END, market.SESSIONS - 1)]
    past = market._past(market._market(), market._yields(), market._beta_table(), days)
    holdings = pd.concat([market._holdings({"P": {"AAA": 500.0, "BBB": -200.0}}, day) for day in days])
    found = stressed(holdings, past=past)
    assert list(found["as_of_date"]) == days[1:]  # before its end the window is not known
    for name in FIGURES:
        assert len(set(found[f"{name}_stressed"])) == 1


def test_without_a_window_or_returns_in_it_there_are_no_rows() -> None:
    holdings = market._holdings(market.BOOKS)
    assert stressed(holdings, over=window().iloc[:0]).empty
    late = market.PAST._replace(
        returns=market.PAST.returns[market.PAST.returns["as_of_date"] > market.CALENDAR[END]]
    )
    assert stressed(holdings, past=late).empty


def test_fewer_outcomes_than_the_minimum_give_nan() -> None:
    short = stressed(market._holdings({"P": {"SPY": 1.0}}), over=window(length=RISK_CONFIG.minimum - 1))
    assert short["var_95_1d_stressed"].isna().all()
    assert list(short["stressed_scenario_days"]) == [RISK_CONFIG.minimum - 1]
