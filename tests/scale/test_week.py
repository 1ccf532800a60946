"""A week of nights: what each of them brings, and what makes the week fail."""

from dataclasses import replace

import pandas as pd
import pytest

from ingestion.raw.datasets import CORPORATE_ACTIONS, POSITIONS, PRICES
from tests.benchmarks.builds import Build
from tests.benchmarks.generate import LATE_SESSIONS, SYMBOLS, benchmark_sessions, make_market
from tests.benchmarks.measure import Finished
from tests.scale.events import BACK, DIVIDED, MENDED, MISSED, NIGHTS, WEEK, batches_of
from tests.scale.week import Night, faults_of, report, simulate

PAST = 10
DAYS = benchmark_sessions(PAST + WEEK)
MARKET = make_market(DAYS)
PLAIN, CORRECTED, MISSING, LATE, SPLIT, LATE_LOT, _ = NIGHTS

FINE = Night(PLAIN, Build(Finished(10.0, 500.0, ""), {}, ()), 100, 1_000, 10_000, 0, 0, [5.0], 200.0)


def _loaded(event: str) -> dict[str, pd.DataFrame]:
    batches = batches_of(event, MARKET, DAYS, PAST + NIGHTS.index(event))
    return {dataset.name: frame for dataset, frame in batches}


def _closes(event: str) -> "pd.Series[float]":
    frame = _loaded(event)[PRICES.name]
    return frame.set_index(["price_date", "symbol"])["close"]


def test_a_plain_night_brings_every_symbol_once() -> None:
    prices = _loaded(PLAIN)[PRICES.name]
    assert sorted(prices["symbol"]) == sorted(SYMBOLS)
    assert set(prices["price_date"]) == {pd.Timestamp(DAYS[PAST])}


def test_prices_that_are_missing_come_with_those_of_the_next_session() -> None:
    missing, late = _loaded(MISSING)[PRICES.name], _loaded(LATE)[PRICES.name]
    assert set(SYMBOLS) - set(missing["symbol"]) == set(MISSED)
    before = late[late["price_date"] == missing["price_date"].iloc[0]]
    assert set(MISSED) < set(before["symbol"])


def test_a_correction_changes_the_closes_of_one_past_session() -> None:
    corrected = _closes(CORRECTED).astype(float)
    true = MARKET.quotes.set_index(["price_date", "symbol"])["close"].reindex(corrected.index)
    changed = corrected[(corrected - true).abs() > 0.001]
    day = pd.Timestamp(DAYS[PAST + NIGHTS.index(CORRECTED) - BACK])
    assert set(changed.index) == {(day, symbol) for symbol in MENDED}


def test_prices_after_the_split_are_in_new_shares_and_the_split_is_stated() -> None:
    loaded, closes = _loaded(SPLIT), _closes(SPLIT).astype(float)
    splits = loaded[CORPORATE_ACTIONS.name].query("action == 'split'")
    assert sorted(splits["symbol"]) == DIVIDED
    true = MARKET.quotes.set_index(["price_date", "symbol"])["close"].reindex(closes.index)
    ratios = (closes / true).groupby("symbol").mean()
    assert ratios[DIVIDED].to_numpy() == pytest.approx(0.5, abs=1e-4)
    assert ratios.drop(DIVIDED).to_numpy() == pytest.approx(1)


def test_a_lot_comes_late() -> None:
    lot = _loaded(LATE_LOT)[POSITIONS.name]
    assert len(lot) == 1
    assert lot["entry_date"].iloc[0] == DAYS[PAST + NIGHTS.index(LATE_LOT) - LATE_SESSIONS].item()


def test_a_week_fails_if_a_night_grows_or_a_row_changes_or_a_request_fails() -> None:
    assert faults_of([FINE, FINE], 0, []) == []
    slow = replace(FINE, build=Build(Finished(13.0, 500.0, ""), {}, ()))
    assert faults_of([FINE, slow], 0, []) == ["seconds: 10, a week later 13"]
    assert faults_of([FINE, replace(FINE, api_memory=300.0)], 0, []) == [
        "memory of the API: 200, a week later 300"
    ]
    assert faults_of([FINE, replace(FINE, withheld=1)], 0, []) == [f"1 portfolios withheld: {PLAIN}"]
    assert faults_of([FINE], 3, ["/x: 500"]) == [
        "3 values differ when the week is built in one build",
        "/x: 500",
    ]


def test_the_report_says_what_is_wrong() -> None:
    assert "No request failed" in report([FINE], [], "this")
    assert report([FINE], ["seconds: 10, a week later 13"], "this").endswith(
        "Seconds: 10, a week later 13.\n"
    )


@pytest.mark.long
def test_a_week_of_two_portfolios_changes_nothing_when_it_is_built_again() -> None:
    nights, changed, failures = simulate(2)
    assert [night.event for night in nights] == list(NIGHTS)
    assert (changed, failures) == (0, [])
    assert [night.withheld for night in nights] == [0] * WEEK
    assert nights[NIGHTS.index(CORRECTED)].restated > 0
    assert all(night.latencies for night in nights)
