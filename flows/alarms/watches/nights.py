"""Nights that failed, did not run, are late, or ended with a warning."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

from flows.alarms.watches.watch import CRITICAL, WARNING, Found, View, Watch
from flows.database import rows, value
from flows.pipeline.layout import read_version
from flows.summaries.status import OVERDUE_SESSIONS, Run
from flows.summaries.status_lines import run_sentence
from warehouse.nights import NIGHT_START

# A run that is not finished and has no lock was killed.
ENDED_RUN = """
select run_id, kind, status, phase, percent, started_at, finished_at, error
from ops.runs
where not (status = 'running' and ops.is_building()) and (%(kind)s::text is null or kind = %(kind)s)
order by run_id desc
limit 1
"""

NEWEST_RUN = """
select run_id, kind, status, phase, percent, started_at, finished_at, error
from ops.runs
order by run_id desc
limit 1
"""

WAITS_SINCE = """
select min(finished_at) from ops.loads where status = 'succeeded' and touched_from is not null
"""


def failed(view: View) -> Iterator[Found]:
    """The last run failed or was killed: nothing of it is published."""
    for found in rows(view.connection, ENDED_RUN, {"kind": None}):
        run = Run(*found)
        if run.finished_at is None or run.status in {"failed", "abandoned"}:
            yield Found("", f"The {run_sentence(run, is_building=False)}")


def warned(view: View) -> Iterator[Found]:
    """The last night ended, but its source gave nothing, or some reports were not written."""
    for found in rows(view.connection, ENDED_RUN, {"kind": "nightly"}):
        run = Run(*found)
        if run.finished_at is not None and run.status in {"succeeded", "nothing_new"} and run.error:
            yield Found("", f"The {run_sentence(run, is_building=False)}")


def overdue(view: View) -> Iterator[Found]:
    """Sessions are not published by the time their night should have ended, or nothing ever was."""
    if view.last_session is None:
        yield from _never_published(view)
        return
    asked = [view.now, NIGHT_START, view.settings.may_take]
    sessions = [day for (day,) in rows(view.connection, OVERDUE_SESSIONS, asked)]
    if sessions:
        yield Found("", f"{_overdue_sentence(sessions)} {_why(view, sessions[-1])}")


def _never_published(view: View) -> Iterator[Found]:
    since: datetime | None = value(view.connection, WAITS_SINCE)
    if since is not None and since + view.settings.may_take < view.now:
        yield Found("", f"Nothing is published, though data are loaded since {_utc(since)}.")


def _overdue_sentence(sessions: list[date]) -> str:
    if len(sessions) == 1:
        return f"The session {sessions[0]} is overdue."
    return f"{len(sessions):,} sessions are overdue, from {sessions[0]} to {sessions[-1]}."


def _why(view: View, session: date) -> str:
    """Whether a run has started since the night of the session began, and how it went."""
    began = datetime.combine(session, NIGHT_START, UTC)
    found = rows(view.connection, NEWEST_RUN)
    if not found:
        return "No run ever started."
    run = Run(*found[0])
    if run.started_at < began:
        return f"No run has started since {_utc(began)}; the last one did at {_utc(run.started_at)}."
    is_building = bool(value(view.connection, "select ops.is_building()"))
    return f"The last one: {run_sentence(run, is_building=is_building)}"


def upgrade_due(view: View) -> Iterator[Found]:
    """The warehouse has the layout of another version: until the upgrade no night runs."""
    state = read_version(view.connection)
    if state.layout != state.newest_layout and state.sentence is not None:
        yield Found("", state.sentence)


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


WATCHES = (
    Watch("upgrade_due", CRITICAL, upgrade_due),
    Watch("night_failed", CRITICAL, failed),
    Watch("night_overdue", CRITICAL, overdue),
    Watch("night_warned", WARNING, warned),
)
