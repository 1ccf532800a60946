"""Panels: missing sessions are rows of NaN, and the order of rows does not matter."""

import numpy as np
import pandas as pd

from python_models.panel import to_panel, window_ending

LONG = pd.DataFrame(
    {
        "symbol": ["AAA", "AAA", "BBB", "AAA"],
        "as_of_date": pd.to_datetime(["2026-01-05", "2026-01-06", "2026-01-06", "2026-01-08"]),
        "session_number": [10, 11, 11, 13],
        "daily_return": [0.01, 0.02, -0.01, 0.03],
    }
)


def test_a_session_without_values_is_a_row_of_nan() -> None:
    panel = to_panel(LONG, "daily_return")
    assert list(panel.symbols) == ["AAA", "BBB"]
    np.testing.assert_array_equal(
        panel.values, [[0.01, np.nan], [0.02, -0.01], [np.nan, np.nan], [0.03, np.nan]]
    )
    assert pd.isna(panel.dates[2])


def test_the_order_of_rows_does_not_matter() -> None:
    shuffled = to_panel(LONG.sample(frac=1, random_state=7), "daily_return")
    np.testing.assert_array_equal(shuffled.values, to_panel(LONG, "daily_return").values)


def test_an_unknown_symbol_is_all_nan() -> None:
    assert np.isnan(to_panel(LONG, "daily_return").series("ZZZ")).all()


def test_a_frame_without_rows_is_a_panel_without_sessions() -> None:
    panel = to_panel(LONG.iloc[:0], "daily_return")
    assert panel.values.shape == (0, 0)  # noqa: PD011  # our tuple, not a frame
    assert list(panel.rows_from("2026-01-01")) == []


def test_rows_from_a_date_leave_out_sessions_without_a_date() -> None:
    assert list(to_panel(LONG, "daily_return").rows_from("2026-01-06")) == [1, 3]


def test_a_window_is_shorter_only_at_the_start() -> None:
    assert window_ending(10, 4) == slice(7, 11)
    assert window_ending(1, 4) == slice(0, 2)
