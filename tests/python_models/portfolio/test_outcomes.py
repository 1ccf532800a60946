"""Outcome vectors: against plain loops, against the risk of portfolios, and by invariants."""

import numpy as np
import pandas as pd
import pytest

from python_models.portfolio.days import PastReturns
from python_models.portfolio.outcomes import factor_outcomes, instrument_outcomes
from tests.method_config import RISK_CONFIG, VOLATILITY_CONFIG
from tests.python_models.portfolio import test_risk as market

HISTORY = RISK_CONFIG.history
LAST = market.FIRST_SESSION + market.SESSIONS - 1
SYMBOLS = ["AAA", "BBB", "CCC", "NEW", "SPY", "STALE"]


def found(holdings: pd.DataFrame, options: pd.DataFrame, past: PastReturns = market.PAST) -> pd.DataFrame:
    frame = instrument_outcomes(
        holdings, options, past, volatility_rules=VOLATILITY_CONFIG, risk_rules=RISK_CONFIG
    )
    return frame.set_index("instrument_id")


@pytest.fixture(scope="module")
def outcomes() -> pd.DataFrame:
    return found(market._holdings(market.BOOKS), market.OPTIONS)


def known(outcomes: pd.DataFrame, instrument: str) -> dict[int, float]:
    """The known outcomes by session."""
    row = outcomes.loc[instrument]
    first = LAST - len(row["outcomes"]) + 1
    unknown = row["unknown_sessions"] or []
    return {first + place: value for place, value in enumerate(row["outcomes"]) if place + 1 not in unknown}


def slow(symbol: str) -> tuple[dict[int, float], dict[int, float]]:
    return market._slow_outcomes(
        market._market(), market._yields(), market._beta_table(), LAST, symbol, history=HISTORY
    )


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_symbol_has_its_returns_and_the_proxies_of_missing_ones(
    outcomes: pd.DataFrame, symbol: str
) -> None:
    expected, proxies = slow(symbol)
    assert known(outcomes, symbol) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert outcomes.loc[symbol, "proxied_sessions"] == len(proxies)


@pytest.mark.parametrize("contract", ["AAA call", "CCC put", "AAA far call"])
def test_an_option_is_repriced_at_each_return_of_its_underlying(
    outcomes: pd.DataFrame, contract: str
) -> None:
    option = market.OPTIONS[market.OPTIONS["contract"] == contract].iloc[0].to_dict()
    moves, proxies = slow(option["symbol"])
    unmoved = market._slow_option(option, 0.0)
    expected = {session: market._slow_option(option, move) - unmoved for session, move in moves.items()}
    assert known(outcomes, contract) == pytest.approx(expected, rel=1e-8, abs=1e-9)
    assert outcomes.loc[contract, "symbol"] == option["symbol"]
    assert outcomes.loc[contract, "proxied_sessions"] == len(proxies)


@pytest.mark.parametrize("portfolio", market.BOOKS)
def test_vectors_have_the_value_at_risk_of_every_portfolio(outcomes: pd.DataFrame, portfolio: str) -> None:
    options = market.OPTIONS[market.OPTIONS["portfolio_id"] == portfolio]
    units = market.BOOKS[portfolio] | dict(zip(options["contract"], options["units"], strict=True))
    held = {name: size for name, size in units.items() if name in outcomes.index}
    unknown = {place for name in held for place in outcomes.loc[name, "unknown_sessions"] or []}
    total = sum(size * outcomes.loc[name, "outcomes"] for name, size in held.items())
    window = [
        value
        for place, value in enumerate(total, 1)
        if place > len(total) - RISK_CONFIG.window and place not in unknown
    ]
    published = market._tail(market._holdings(market.BOOKS), market.OPTIONS).set_index("portfolio_id")
    for label, alpha in ((95, 0.05), (99, 0.01)):
        quantile = float(np.quantile(window, alpha))
        shortfall = np.mean([value for value in window if value <= quantile + 1e-9])
        assert published.loc[portfolio, f"var_{label}_1d"] == pytest.approx(-quantile, rel=1e-12)
        assert published.loc[portfolio, f"es_{label}_1d"] == pytest.approx(-shortfall, rel=1e-12)


def test_what_is_not_known_is_named_and_stands_as_zero(outcomes: pd.DataFrame) -> None:
    # the market has no return 31 sessions ago: who has none either has no outcome
    place = HISTORY - 30
    assert outcomes.loc["SPY", "unknown_sessions"] == [place]
    assert outcomes.loc["NEW", "unknown_sessions"] is None  # listed 50 sessions ago
    assert outcomes.loc["SPY", "outcomes"][place - 1] == 0.0
    assert all(np.isfinite(vector).all() for vector in outcomes["outcomes"])
    assert "GONE" not in outcomes.index  # no betas


def test_a_vector_does_not_depend_on_later_days_or_on_who_holds_it(outcomes: pd.DataFrame) -> None:
    alone = found(market._holdings({"long": {"AAA": -7.0}}), market.NO_OPTIONS)
    np.testing.assert_array_equal(alone.loc["AAA", "outcomes"], outcomes.loc["AAA", "outcomes"])
    days = [market.CALENDAR[-3], market.DAY]
    past = market._past(market._market(), market._yields(), market._beta_table(), days)
    before = found(market._holdings({"long": {"AAA": 1.0}}, days[0]), market.NO_OPTIONS, past)
    shorter = {
        symbol: {session: value for session, value in series.items() if session <= LAST - 2}
        for symbol, series in market._market().items()
    }
    cut = market._past(shorter, market._yields(), market._beta_table(), days[:1])
    then = found(market._holdings({"long": {"AAA": 1.0}}, days[0]), market.NO_OPTIONS, cut)
    np.testing.assert_array_equal(then.loc["AAA", "outcomes"], before.loc["AAA", "outcomes"])


def test_factors_move_as_by_plain_loops() -> None:
    past = market.PAST
    frame = factor_outcomes(
        market._holdings(market.BOOKS),
        *(past.returns, past.yield_changes, past.factors),
        rules=past.rules,
        volatility_rules=VOLATILITY_CONFIG,
        risk_rules=RISK_CONFIG,
    ).set_index("factor")
    expected = market._slow_factors(market._market(), market._yields(), LAST, 504)
    assert set(frame.index) == set(expected)
    for name, moves in expected.items():
        sessions = range(LAST - HISTORY + 1, LAST + 1)
        known = [moves.get(session, 0.0) for session in sessions]
        np.testing.assert_allclose(frame.loc[name, "outcomes"], known, rtol=1e-9, atol=1e-13)


def test_without_holdings_there_are_no_vectors() -> None:
    nothing = found(market._holdings({}), market.NO_OPTIONS)
    assert nothing.empty
    assert list(nothing.columns) == [
        *("as_of_date", "symbol", "outcomes", "unknown_sessions", "proxied_sessions"),
    ]


def test_symbols_not_held_have_outcomes_and_leave_the_others_as_they_are(outcomes: pd.DataFrame) -> None:
    """NEW draws from its sector, so a residual of a symbol that nobody holds would change it."""
    holdings = market._holdings({"P": {"AAA": 100.0, "NEW": 50.0}})
    holdings["sector"] = "Technology"
    others = pd.DataFrame(
        {
            "as_of_date": holdings["as_of_date"].iloc[0],
            "symbol": ["BBB", "NEW", "SPY"],
            "sector": "Technology",
        }
    )
    none = market.OPTIONS.iloc[:0]
    alone = found(holdings, none)
    frame = instrument_outcomes(
        holdings, none, market.PAST, others=others, volatility_rules=VOLATILITY_CONFIG, risk_rules=RISK_CONFIG
    )
    both = frame.set_index("instrument_id")
    assert list(both.index) == ["AAA", "BBB", "NEW", "SPY"]
    for symbol in ("AAA", "NEW"):
        assert both.loc[symbol, "outcomes"].tolist() == alone.loc[symbol, "outcomes"].tolist()
    assert alone.loc["NEW", "proxied_sessions"] > 0
    for symbol in ("BBB", "SPY"):
        assert known(both, symbol) == pytest.approx(known(outcomes, symbol), rel=1e-12)
    unheld = instrument_outcomes(
        holdings.iloc[:0], none, market.PAST, others=others,
        volatility_rules=VOLATILITY_CONFIG, risk_rules=RISK_CONFIG,
    )  # fmt: skip
    assert {"BBB", "SPY"} <= set(unheld["instrument_id"])
