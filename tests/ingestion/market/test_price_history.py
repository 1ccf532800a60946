"""Closes as traded and total returns from vendors' histories, without a database."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.market.calendar import sessions
from ingestion.market.price_history import PreparedPrices, prepare_prices, undo_splits
from tests.examples import examples

SESSIONS = sessions()
LAST = np.datetime64("2026-01-30")
NO_SPLITS = pd.DataFrame({"symbol": [], "ex_date": [], "ratio": []})


def quotes(symbol: str, days: list[str], closes: list[float], **columns: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"symbol": symbol, "price_date": pd.to_datetime(days), "close": closes, **columns})


def prepare(frame: pd.DataFrame, splits: pd.DataFrame | None = None) -> PreparedPrices:
    return prepare_prices(frame, sessions=SESSIONS, last_session=LAST, splits=splits)


def test_total_return_is_the_ratio_of_consecutive_adjusted_closes() -> None:
    # a dividend of 1 on the second day: the price falls, the total return is zero
    frame = quotes("A", ["2025-06-02", "2025-06-03"], [100.0, 99.0], adj_close=[99.0, 99.0])
    rows = prepare(frame).rows
    assert np.isnan(rows["total_return"][0])
    assert rows["total_return"][1] == 0.0
    assert rows["previous_close"][1] == 100.0
    assert rows["previous_date"][1] == pd.Timestamp("2025-06-02")


def test_a_gap_is_never_bridged() -> None:
    # Silent failure prevented: a two-day return counted as one day's
    days = ["2025-06-02", "2025-06-04", "2025-06-05"]
    rows = prepare(quotes("A", days, [1.0, 2.0, 3.0], adj_close=[1.0, 2.0, 3.0])).rows
    assert rows["total_return"].isna().tolist() == [True, True, False]
    assert rows["previous_close"].isna().tolist() == [True, True, False]


def test_a_weekend_and_a_holiday_are_not_gaps() -> None:
    rows = prepare(quotes("A", ["2025-07-03", "2025-07-07"], [1.0, 1.1], adj_close=[1.0, 1.1])).rows
    assert rows["total_return"][1] == pytest.approx(0.1)


def test_returns_stay_within_a_symbol() -> None:
    frame = pd.concat(
        [
            quotes("A", ["2025-06-02", "2025-06-03"], [1.0, 2.0], adj_close=[1.0, 2.0]),
            quotes("B", ["2025-06-04"], [5.0], adj_close=[5.0]),
        ]
    )
    assert prepare(frame).rows["total_return"].isna().tolist() == [True, False, True]


def test_without_adjusted_closes_there_is_no_total_return() -> None:
    rows = prepare(quotes("A", ["2025-06-02", "2025-06-03"], [1.0, 2.0])).rows
    assert rows[["total_return", "previous_close", "previous_date"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("close", "day", "reason"),
    [
        (np.nan, "2025-06-03", "no_close"),
        (0.0, "2025-06-03", "not_a_price"),
        (-1.0, "2025-06-03", "not_a_price"),
        (np.inf, "2025-06-03", "not_a_price"),
        (1.0, "2025-06-07", "not_a_session"),
        (1.0, "2025-06-19", "not_a_session"),
        (1.0, "1989-06-01", "outside_calendar"),
        (1.0, "2026-02-02", "session_not_over"),
    ],
)
def test_an_invalid_row_is_rejected_with_its_reason(close: float, day: str, reason: str) -> None:
    frame = quotes("A", ["2025-06-02", day], [1.0, close]).assign(row_number=[2, 3])
    prepared = prepare(frame)
    assert len(prepared.rows) == 1
    assert prepared.rejected["row_number"].tolist() == [3]
    assert prepared.rejected["reason"].tolist() == [reason]
    assert prepared.rejected["detail"][0].startswith(f"A {day}")


def test_an_invalid_open_clears_only_the_open() -> None:
    frame = quotes("A", ["2025-06-02"], [1.0], open=[-3.0], high=[np.inf], low=[0.0], volume=[-5.0])
    rows = prepare(frame).rows
    assert rows[["open", "high", "low", "volume"]].isna().all(axis=None)
    assert rows["close"][0] == 1.0


def test_equal_repeats_collapse_and_the_last_of_conflicting_ones_is_used() -> None:
    days = ["2025-06-02", "2025-06-02", "2025-06-03", "2025-06-03"]
    prepared = prepare(quotes("A", days, [1.0, 1.0, 2.0, 3.0]))
    assert prepared.rows["close"].tolist() == [1.0, 3.0]
    assert prepared.rejected["reason"].tolist() == ["repeated_row", "conflicting_row"]


def test_splits_are_undone_for_days_before_the_ex_date() -> None:
    frame = quotes("A", ["2025-06-02", "2025-06-03"], [10.0, 11.0], volume=[1000.0, 100.0], open=[9.0, 10.0])
    splits = pd.DataFrame({"symbol": ["A"], "ex_date": pd.to_datetime(["2025-06-03"]), "ratio": [10.0]})
    rows = prepare(frame, splits).rows
    assert rows["close"].tolist() == [100.0, 11.0]
    assert rows["open"].tolist() == [90.0, 10.0]
    assert rows["volume"].tolist() == [100.0, 100.0]


def test_an_empty_frame_gives_an_empty_frame() -> None:
    prepared = prepare(quotes("A", [], []), NO_SPLITS)
    assert prepared.rows.empty
    assert prepared.rejected.empty


def test_the_input_is_not_modified() -> None:
    frame = quotes("A", ["2025-06-03", "2025-06-02"], [1.0, 2.0])
    before = frame.copy()
    prepare(frame, NO_SPLITS)
    pd.testing.assert_frame_equal(frame, before)


@st.composite
def histories(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Closes as traded of two symbols, and splits of them."""
    days = SESSIONS[-400 : -400 + draw(st.integers(2, 30))].astype("datetime64[s]")
    frames = []
    for symbol in ("A", "B"):
        prices = draw(st.lists(st.floats(0.5, 5000, allow_nan=False), min_size=len(days), max_size=len(days)))
        frames.append(pd.DataFrame({"symbol": symbol, "price_date": days, "close": np.round(prices, 4)}))
    count = draw(st.integers(0, 4))
    splits = pd.DataFrame(
        {
            "symbol": [draw(st.sampled_from(["A", "B"])) for _ in range(count)],
            "ex_date": [days[draw(st.integers(0, len(days) - 1))] for _ in range(count)],
            "ratio": [draw(st.sampled_from([2.0, 3.0, 10.0, 0.1, 1.5])) for _ in range(count)],
        }
    ).astype({"ex_date": "datetime64[s]", "ratio": float})
    return pd.concat(frames, ignore_index=True), splits


def adjust(traded: pd.DataFrame, splits: pd.DataFrame) -> pd.DataFrame:
    """Like Yahoo: divide every price before an ex-date by the ratio."""
    adjusted = traded.copy()
    for split in splits.to_dict("records"):
        before = (adjusted["symbol"] == split["symbol"]) & (adjusted["price_date"] < split["ex_date"])
        adjusted.loc[before, "close"] /= split["ratio"]
    return adjusted


@settings(deadline=None, max_examples=examples(20))
@given(histories())
def test_undoing_splits_gives_back_what_was_traded(history: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    traded, splits = history
    adjusted = adjust(traded, splits).assign(open=1.0, high=1.0, low=1.0, volume=1.0)
    undone = undo_splits(adjusted, splits)
    np.testing.assert_allclose(undone["close"], traded["close"], rtol=1e-12)


@settings(deadline=None, max_examples=examples(20))
@given(histories(), st.floats(0.2, 5))
def test_a_restated_history_prepares_to_the_same_rows(
    history: tuple[pd.DataFrame, pd.DataFrame], factor: float
) -> None:
    # the same prices, later divided by splits, and their adjusted closes scaled for a dividend
    traded, splits = history
    before = prepare(traded.assign(adj_close=traded["close"]), NO_SPLITS).rows
    restated = adjust(traded, splits).assign(adj_close=traded["close"] * factor)
    after = prepare(restated, splits).rows
    np.testing.assert_allclose(after["close"], before["close"], rtol=1e-12)
    np.testing.assert_allclose(after["total_return"] + 1, before["total_return"] + 1, rtol=1e-12)
    np.testing.assert_allclose(after["previous_close"], before["previous_close"], rtol=1e-12)
