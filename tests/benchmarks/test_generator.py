"""The benchmark's generator is reproducible, and a small benchmark run succeeds."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from tests.benchmarks.cases import Case, measure_case
from tests.benchmarks.generate import (
    LATE_SESSIONS,
    POSITIONS_EACH,
    SYMBOLS,
    Batch,
    benchmark_sessions,
    history,
    make_book,
    make_market,
    next_date,
)
from tests.benchmarks.report import Results, list_targets, markdown

SESSIONS = 35
DAYS = benchmark_sessions(SESSIONS + 1)


def frames(batches: list[Batch]) -> dict[str, pd.DataFrame]:
    return {dataset.name: frame for dataset, frame in batches}


def test_the_seed_determines_the_rows() -> None:
    first, again, other = (frames(history(2, DAYS, seed)) for seed in (1, 1, 2))
    for name, frame in first.items():
        assert_frame_equal(frame, again[name])
    assert not first["prices"]["close"].equals(other["prices"]["close"])
    assert not first["positions"]["symbol"].equals(other["positions"]["symbol"])


def test_more_portfolios_do_not_change_the_first_ones() -> None:
    closes = make_market(DAYS).closes[0]
    few, many = (make_book(count, DAYS[0].item(), closes) for count in (2, 5))
    assert_frame_equal(few.portfolios, many.portfolios.head(2))
    assert_frame_equal(few.positions, many.positions.head(2 * POSITIONS_EACH))


def test_positions_are_entered_as_late_as_asked_at_the_closes_of_that_day() -> None:
    positions = frames(history(2, DAYS, held=3))["positions"]
    assert set(positions["entry_date"]) == {DAYS[-4].item()}
    stocks = positions[positions["investment_class"] == "PUBLIC"]
    closes = dict(zip(SYMBOLS, make_market(DAYS).closes[-4], strict=True))
    assert stocks["entry_price"].tolist() == [closes[symbol] for symbol in stocks["symbol"]]


def test_each_portfolio_holds_fifty_positions_of_five_hundred_symbols() -> None:
    positions = frames(history(20, DAYS))["positions"]
    assert (positions.groupby("portfolio_id")["symbol"].nunique() == POSITIONS_EACH).all()
    assert positions["position_id"].is_unique
    assert len(SYMBOLS) == 500
    assert "SPY" in SYMBOLS
    stocks = positions[positions["investment_class"] == "PUBLIC"]
    assert set(stocks["symbol"]) <= set(SYMBOLS)
    assert set(positions["underlying_symbol"].dropna()) <= set(SYMBOLS)
    assert (positions["quantity"] < 0).any()


def test_the_last_session_is_left_to_the_next_load() -> None:
    before, after = frames(history(2, DAYS))["prices"], frames(next_date(DAYS))["prices"]
    assert before["price_date"].nunique() == SESSIONS
    assert before["price_date"].max() < after["price_date"].min()
    assert len(after) == len(SYMBOLS)
    assert after["total_return"].notna().all()


def test_total_returns_are_those_of_closes_dividends_and_splits() -> None:
    batches = frames(history(2, DAYS))
    actions = batches["corporate_actions"].pivot_table(
        index=["symbol", "ex_date"], columns="action", values="value"
    )
    prices = (
        batches["prices"]
        .set_index(["symbol", "price_date"])
        .join(actions.rename_axis(["symbol", "price_date"]))
    )
    assert prices["split"].notna().any()
    assert prices["dividend"].notna().any()
    value = prices["close"] * prices["split"].fillna(1) + prices["dividend"].fillna(0)
    expected = (value / prices["previous_close"] - 1).dropna()
    np.testing.assert_allclose(prices["total_return"].dropna(), expected, atol=2e-5)


@pytest.mark.slow
@pytest.mark.long
def test_a_small_run_succeeds() -> None:
    progress: list[str] = []
    measured = measure_case(Case(2, SESSIONS), progress.append)  # raises if psql wrote different rows
    assert progress
    values = {node.name: node.rows for node in measured.increment.nodes}
    assert values["int_position_values"] == 2 * POSITIONS_EACH
    assert values["fct_portfolio_snapshots"] == 2
    assert values["fct_symbol_factor_betas"] == len(SYMBOLS)
    late = {node.name: node.rows for node in measured.late_lot.nodes}
    assert late["fct_portfolio_snapshots"] == LATE_SESSIONS + 1  # of the one portfolio
    again = {node.name: node.rows for node in measured.rebuilt.nodes}
    assert again["fct_portfolio_snapshots"] == 2  # of both portfolios, for this date only
    results = Results("python -m tests.benchmarks", (measured,), None, 1.0)
    assert "| positions | 100 |" in markdown(results)
    assert [target.text for target in list_targets(results)] == ["our process under 1.5 GB"]
