"""When the nightly flow starts: after the close in New York, in winter and in summer."""

from datetime import UTC, date, datetime

from flows.database import Connection, value
from warehouse.nights import NIGHT_START

CRON = "30 23 * * 1-5"
TIMEZONE = "UTC"
CRON_WORDS = "weekdays at 23:30 UTC"

# The run itself skips weekdays without a session.
NEXT_SESSION = """
select min(calendar_date) from raw.newest_calendar_days
where is_session and calendar_date between %(first)s::date and %(first)s::date + 30
"""


def next_start(connection: Connection, now: datetime) -> datetime | None:
    """The next start on a session, UTC; None past the end of the calendar."""
    in_utc = now.astimezone(UTC)
    first = in_utc.date() if in_utc.time() < NIGHT_START else date.fromordinal(in_utc.date().toordinal() + 1)
    session: date | None = value(connection, NEXT_SESSION, {"first": first})
    return None if session is None else datetime.combine(session, NIGHT_START, UTC)
