"""What a monitor watches, as counts and times: unpublished sessions, open incidents. No user data."""

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from psycopg import errors as sql_errors

from api.http.errors import NothingPublished
from api.queries import load_query
from api.services import Services
from warehouse.nights import NIGHT_START

COUNTS = load_query("health_counts")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class HealthCounts:
    """unpublished_sessions: with prices, after the last published. overdue_sessions: see NIGHT_DUE_MINUTES.

    open_incidents: each with `kind`, `severity` and their number, `incidents`.
    """

    unpublished_sessions: int
    overdue_sessions: int
    is_building: bool
    last_session: date | None
    published_at: datetime | None
    undelivered_messages: int
    open_incidents: list[dict[str, Any]]

    @property
    def are_sessions_waiting(self) -> bool:
        """Whether sessions with prices are not published, and no build is at it."""
        return self.unpublished_sessions > 0 and not self.is_building

    @property
    def sentence(self) -> str | None:
        """How many sessions with prices are not published; None if all are."""
        if not self.unpublished_sessions:
            return None
        sessions = "session with prices is" if self.unpublished_sessions == 1 else "sessions with prices are"
        working = "; a build is running" if self.is_building else ""
        return f"{self.unpublished_sessions} {sessions} not published{working}."

    @property
    def last_session_seconds(self) -> float | None:
        """The start of the last published session's day, UTC, in seconds since 1970."""
        if self.last_session is None:
            return None
        return datetime.combine(self.last_session, time(), UTC).timestamp()


async def read_counts(services: Services) -> HealthCounts | None:
    """Read the counts; None where the login role may not, or the warehouse is of an older version.

    Raises psycopg.OperationalError, PoolTimeout or TooManyRequests when the database cannot be reached.
    """
    asked = {"night_start": NIGHT_START, "may_take": services.settings.may_take}
    try:
        async with services.operations.reading_without_user() as reading:
            row = await reading.one_row(COUNTS, asked)
    except (NothingPublished, sql_errors.InsufficientPrivilege, sql_errors.UndefinedFunction) as error:
        logger.warning("what is not published cannot be counted: %s", error)
        return None
    return None if row is None else HealthCounts(*row)
