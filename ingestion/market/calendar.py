"""The calendar of the New York Stock Exchange: which days are sessions, and which of them are half days."""

import warnings
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.metadata import version

import exchange_calendars
import numpy as np
import numpy.typing as npt
import pandas as pd

from ingestion.raw.datasets import CALENDAR_DAYS
from ingestion.raw.loads import Connection, LoadReport, load_frame

FIRST_DAY = date(1990, 1, 1)
DaysArray = npt.NDArray[np.datetime64]  # of unit days


def sessions(start: date | None = None, end: date | None = None) -> DaysArray:
    """The sessions from `start` to `end`, both included, ascending, as datetime64[D].

    Default: all that is known, 1990-01-01 to the end of the month a year from now.
    """
    days: DaysArray = _nyse(last_day()).sessions.to_numpy().astype("datetime64[D]")
    first = 0 if start is None else int(np.searchsorted(days, np.datetime64(start, "D"), side="left"))
    beyond = len(days) if end is None else int(np.searchsorted(days, np.datetime64(end, "D"), side="right"))
    return days[first:beyond]


def session_on_or_before(day: date) -> date:
    """The last session up to `day`: where a weekend or a holiday is counted."""
    last: date = sessions(end=day)[-1].item()
    return last


def last_closed_session(now: datetime | None = None) -> date:
    """The last session whose closing auction is over at the instant `now` (with a zone; default: now)."""
    instant = pd.Timestamp(now or datetime.now(UTC)).tz_convert("UTC")
    closes = _nyse(last_day()).closes
    # a quarter of an hour for the closing auction's prices to arrive
    over = closes[closes + pd.Timedelta(minutes=15) <= instant]
    last: date = over.index[-1].date()
    return last


def last_day(today: date | None = None) -> date:
    """Where the calendar ends: the last day of the month a year from today."""
    today = today or datetime.now(UTC).date()
    month_after_next_year = date(today.year + 1 + today.month // 12, today.month % 12 + 1, 1)
    return month_after_next_year - timedelta(days=1)


def load_calendar(connection: Connection) -> LoadReport:
    """Load all days from 1990 to a year ahead; at once when this calendar is known already.

    touched_from is None: a calendar changes no number by itself.
    """
    end = last_day()
    origin = f"XNYS of exchange_calendars {version('exchange_calendars')}"
    known = _known_days(connection, origin, end)
    frame = pd.DataFrame() if known else calendar_days(FIRST_DAY, end)
    return load_frame(connection, CALENDAR_DAYS, frame, source="exchange_calendars", origin=origin)


def calendar_days(start: date, end: date) -> pd.DataFrame:
    """One row per calendar day: calendar_date, is_session, is_half_day. All inside the calendar."""
    nyse = _nyse(end)
    days = pd.date_range(start, end)
    return pd.DataFrame(
        {
            "calendar_date": days.date,
            "is_session": days.isin(nyse.sessions),
            "is_half_day": days.isin(nyse.early_closes),
        }
    )


def _known_days(connection: Connection, origin: str, end: date) -> bool:
    """Whether this version of the calendar was loaded, up to this day."""
    with connection.transaction():
        row = connection.execute(
            "select exists (select from ops.loads where dataset = 'calendar_days' and origin = %s "
            "and status = 'succeeded') and exists (select from raw.calendar_days where calendar_date = %s)",
            [origin, end],
        ).fetchone()
    return bool(row and row[0])


@cache
def _nyse(end: date) -> exchange_calendars.ExchangeCalendar:
    with warnings.catch_warnings():
        # the library still uses what pandas 3.1 deprecates; nobody here can mend that
        warnings.simplefilter("ignore", DeprecationWarning)
        return exchange_calendars.get_calendar("XNYS", start=FIRST_DAY.isoformat(), end=end.isoformat())
