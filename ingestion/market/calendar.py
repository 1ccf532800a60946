"""The calendar of the New York Stock Exchange: sessions and half days."""

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

    Default: the whole calendar, from 1990-01-01 to the end of the month a year from now.
    """
    days: DaysArray = _nyse(last_day()).sessions.to_numpy().astype("datetime64[D]")
    first = 0 if start is None else int(np.searchsorted(days, np.datetime64(start, "D"), side="left"))
    beyond = len(days) if end is None else int(np.searchsorted(days, np.datetime64(end, "D"), side="right"))
    return days[first:beyond]


def session_on_or_before(day: date) -> date:
    """The last session up to `day`; weekends and holidays count as the session before."""
    last: date = sessions(end=day)[-1].item()
    return last


def last_closed_session(now: datetime | None = None) -> date:
    """The last session whose closing auction is over at `now` (time zone aware; default: now)."""
    instant = pd.Timestamp(now or datetime.now(UTC)).tz_convert("UTC")
    closes = _nyse(last_day()).closes
    # a quarter of an hour for the closing auction's prices to arrive
    over = closes[closes + pd.Timedelta(minutes=15) <= instant]
    last: date = over.index[-1].date()
    return last


def last_day(today: date | None = None) -> date:
    """The last day of the calendar: the end of the month a year from today."""
    today = today or datetime.now(UTC).date()
    month_after_next_year = date(today.year + 1 + today.month // 12, today.month % 12 + 1, 1)
    return month_after_next_year - timedelta(days=1)


def load_calendar(connection: Connection) -> LoadReport:
    """Load all days from 1990 to a year ahead; skip the rows when this version is already loaded.

    touched_from is None: a calendar alone changes no number.
    """
    end = last_day()
    origin = f"XNYS of exchange_calendars {version('exchange_calendars')}"
    known = _known_days(connection, origin, end)
    frame = pd.DataFrame() if known else calendar_days(FIRST_DAY, end)
    return load_frame(connection, CALENDAR_DAYS, frame, source="exchange_calendars", origin=origin)


def calendar_days(start: date, end: date) -> pd.DataFrame:
    """One row per calendar day: calendar_date, is_session, is_half_day; start and end within the calendar."""
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
        # the library uses an API that pandas 3.1 deprecates
        warnings.simplefilter("ignore", DeprecationWarning)
        return exchange_calendars.get_calendar("XNYS", start=FIRST_DAY.isoformat(), end=end.isoformat())
