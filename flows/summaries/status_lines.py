"""The status of the warehouse as lines of text."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from flows.prefect.schedule import CRON_WORDS
from flows.summaries.status import (
    FAILURE_DAYS,
    RECENT_SESSIONS,
    FailedLoads,
    Freshness,
    Next,
    Publication,
    Run,
    Status,
)
from flows.wording import many

SHOWN = 8


def status_lines(status: Status) -> Iterator[tuple[str, str]]:
    """Label and text of each line."""
    yield "warehouse", _warehouse(status)
    yield "published", _published(status.publication)
    for portfolio in status.withheld:
        yield "withheld", str(portfolio)
    if status.code.message is not None:
        yield "code", status.code.message
    if status.running is not None:
        yield "running", status.running
    for run in status.runs:
        yield "run", run_sentence(run, is_building=status.running is not None)
    for fresh in status.freshness:
        yield "data", _fresh(fresh)
    if not any(fresh.dataset == "prices" for fresh in status.freshness):
        yield "data", "no prices yet"
    for gap in gap_sentences(status):
        yield "missing", gap
    if status.unpublished_sessions:
        yield "missing", unpublished_sentence(status.unpublished_sessions)
    for failed in status.failed_loads:
        yield "failed", _failed(failed)
    yield "waiting", _waiting(status)
    yield "next run", _next_line(status.next_run)


def _warehouse(status: Status) -> str:
    size = f"{status.size_bytes / 1e6:,.0f} MB"
    return f"{status.place}; {size}; {many(status.portfolios, 'portfolio')}, {many(status.users, 'user')}"


def _published(publication: Publication | None) -> str:
    if publication is None:
        return "nothing yet: load something, then `sigmasight nightly`"
    warnings = f", {publication.tests_warned} with warnings" if publication.tests_warned else ""
    code = f", code {publication.git_revision}" if publication.git_revision else ""
    return (
        f"{publication.first_date} to {publication.last_date}; last publication {publication.publication_id} "
        f"at {_utc(publication.published_at)}, data as known at {_utc(publication.known_at)}, "
        f"{many(publication.tests_passed, 'test')} passed{warnings}{code}{_cost(publication)}"
    )


def _cost(publication: Publication) -> str:
    if publication.rows_written is None or publication.bytes_written is None:
        return ""
    return f"; it wrote {many(publication.rows_written, 'row')}, {publication.bytes_written / 1e6:,.1f} MB"


def run_sentence(run: Run, *, is_building: bool) -> str:
    """A run in one sentence. is_building: whether a process holds the build lock."""
    if run.finished_at is None and not is_building:
        text = f"{run.kind} run {run.run_id} died during {run.phase}: the next run starts over"
    elif run.finished_at is None:
        text = f"{run.kind} run {run.run_id} {run.phase}, {run.percent} %, since {_utc(run.started_at)}"
    else:
        seconds = (run.finished_at - run.started_at).total_seconds()
        ended = run.status.replace("_", " ")
        text = f"{run.kind} run {run.run_id} {ended} at {_utc(run.finished_at)} after {seconds:.0f} s"
    return text + (f": {' '.join(run.error.split())}" if run.error else "")


def _fresh(fresh: Freshness) -> str:
    if fresh.newest_date is None or fresh.age_sessions is None:
        age = f"nothing in the last {RECENT_SESSIONS} sessions"
    elif fresh.age_sessions == 0:
        age = f"up to {fresh.newest_date}, current"
    else:
        age = f"up to {fresh.newest_date}, {many(fresh.age_sessions, 'session')} old"
    return f"{fresh.dataset} ({fresh.source}): {age}; last loaded {_utc(fresh.loaded_at)}"


def gap_sentences(status: Status, *, with_missing: bool = True) -> Iterator[str]:
    """One sentence for each gap. with_missing: sessions that are not published are gaps too."""
    if status.missing_sessions and with_missing:
        count = many(len(status.missing_sessions), "session")
        yield f"{count} not published: {_some(status.missing_sessions)}; the next run with prices catches up"
    if status.sessions_without_price:
        count = many(len(status.sessions_without_price), "session")
        yield f"{count} without any price: {_some(status.sessions_without_price)}"
    of_all = f"of {many(status.symbols_needed, 'symbol')} without"
    if status.symbols_without_prices:
        symbols = status.symbols_without_prices
        yield f"{len(symbols)} {of_all} prices: {_some(symbols)}"
    if status.symbols_not_current:
        symbols = status.symbols_not_current
        yield f"{len(symbols)} {of_all} a price on the last priced session: {_some(symbols)}"


def unpublished_sentence(sessions: tuple[date, ...]) -> str:
    """How many sessions have prices and are not published."""
    are = "is" if len(sessions) == 1 else "are"
    return f"{many(len(sessions), 'session')} with prices {are} not published: {_some(sessions)}"


def _failed(failed: FailedLoads) -> str:
    recovered = "; a later one succeeded" if failed.is_mended else ""
    return (
        f"{many(failed.count, 'load')} of {failed.dataset} ({failed.source}) in {FAILURE_DAYS} days, last "
        f"{_utc(failed.last_at)}{recovered}: {' '.join(failed.error.split())}"
    )


def _waiting(status: Status) -> str:
    if not status.waiting_loads:
        return "no load waits to be built"
    waits = "load waits" if status.waiting_loads == 1 else "loads wait"
    return (
        f"{status.waiting_loads} {waits} to be built, touching {status.waiting_from} on: `sigmasight nightly`"
    )


def _next_line(following: Next) -> str:
    at = following.scheduled_at
    when = f"; a schedule ({CRON_WORDS}) starts it on {at.date()}" if at is not None else ""
    if following.from_date is None:
        return f"builds nothing unless its source has new data: {following.reason}{when}"
    return f"builds {following.from_date} to {following.to_date}: {following.reason}{when}"


def _some(items: tuple[Any, ...]) -> str:
    more = f", … and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(str(item) for item in items[:SHOWN]) + more


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
