"""The NYSE calendar: sessions, half days, and loading it once."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from ingestion.market.calendar import (
    calendar_days,
    last_closed_session,
    last_day,
    load_calendar,
    session_on_or_before,
    sessions,
)
from ingestion.raw.loads import Connection


def test_sessions_leave_out_weekends_and_holidays() -> None:
    # 2025-07-03 is a half day, the 4th a holiday, the 5th and 6th a weekend
    days = [str(day) for day in sessions(date(2025, 7, 2), date(2025, 7, 8))]
    assert days == ["2025-07-02", "2025-07-03", "2025-07-07", "2025-07-08"]


def test_a_day_of_mourning_is_not_a_session() -> None:
    assert len(sessions(date(2025, 1, 9), date(2025, 1, 9))) == 0


@pytest.mark.parametrize(
    ("day", "session"),
    [(date(2025, 7, 6), date(2025, 7, 3)), (date(2025, 7, 7), date(2025, 7, 7))],
    ids=["sunday_after_a_holiday", "session_itself"],
)
def test_session_on_or_before(day: date, session: date) -> None:
    assert session_on_or_before(day) == session


@pytest.mark.parametrize(
    ("now", "session"),
    [
        (datetime(2025, 7, 8, 19, 0, tzinfo=UTC), date(2025, 7, 7)),
        (datetime(2025, 7, 8, 20, 14, tzinfo=UTC), date(2025, 7, 7)),
        (datetime(2025, 7, 8, 20, 15, tzinfo=UTC), date(2025, 7, 8)),
        (datetime(2025, 7, 3, 17, 30, tzinfo=UTC), date(2025, 7, 3)),
        (datetime(2025, 1, 7, 20, 30, tzinfo=UTC), date(2025, 1, 6)),
    ],
    ids=["while_trading", "auction_not_settled", "after_the_close", "half_day", "winter_time"],
)
def test_last_closed_session_uses_closing_times(now: datetime, session: date) -> None:
    assert last_closed_session(now) == session


@pytest.mark.parametrize(
    ("today", "end"),
    [(date(2025, 1, 31), date(2026, 1, 31)), (date(2025, 12, 1), date(2026, 12, 31))],
)
def test_calendar_ends_with_the_month_a_year_ahead(today: date, end: date) -> None:
    assert last_day(today) == end


def test_calendar_days_has_every_day_once() -> None:
    days = calendar_days(date(2024, 12, 20), date(2025, 1, 10))
    assert len(days) == 22
    assert days.set_index("calendar_date")["is_session"].sum() == 13
    assert days.loc[days["is_half_day"], "calendar_date"].tolist() == [date(2024, 12, 24)]


def test_loading_the_calendar_twice_writes_once(connection: Connection, count: Callable[[str], int]) -> None:
    first, second = load_calendar(connection), load_calendar(connection)
    assert first.rows_new == count("raw.calendar_days") == (last_day() - date(1990, 1, 1)).days + 1
    assert second.rows_new == 0
    assert first.touched_from is second.touched_from is None
