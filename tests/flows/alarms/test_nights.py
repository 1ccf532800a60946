"""Nights that failed, were killed, did not run or are late, in a real database that a test breaks."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from flows.alarms.watches import nights
from flows.alarms.watches.all_watches import look
from flows.alarms.watches.watch import View
from flows.pipeline.lock import build_lock
from flows.summaries.status import OVERDUE_SESSIONS
from warehouse.connections import Warehouse
from warehouse.nights import NIGHT_START

Connection = psycopg.Connection[Any]
FRIDAY, MONDAY = date(2025, 7, 11), date(2025, 7, 14)
DUE = datetime(2025, 7, 15, 3, 30, tzinfo=UTC)  # four hours after the start of Monday's night
RUN = """
insert into ops.runs (kind, status, phase, started_at, finished_at, error)
values (%s, %s, 'building', %s, %s, %s)
"""


class Nights:
    """A warehouse that published Friday's session, and what the watches of nights find in it."""

    def __init__(self, warehouse: Warehouse, connection: Connection) -> None:
        self.warehouse, self.connection = warehouse, connection

    def find(self, now: datetime = DUE) -> dict[str, str]:
        """The sentence of each kind that is found."""
        last = self.connection.execute("select max(as_of_date) from ops.publication_dates").fetchone()
        view = View(self.connection, self.warehouse.settings, now, last and last[0])
        seen = look(view, nights.WATCHES)
        assert not seen.unknown
        return {finding.kind: finding.sentence for finding in seen.findings}

    def run(self, status: str, at: datetime, *, kind: str = "nightly", error: str | None = None) -> None:
        ended = None if status == "running" else at + timedelta(minutes=1)
        self.connection.execute(RUN.encode(), [kind, status, at, ended, error])

    def publish(self, day: date) -> None:
        named = {"day": day, "id": day.toordinal()}
        self.connection.execute(
            "insert into ops.publications"
            " (publication_id, from_date, to_date, known_at, tests_passed, tests_warned)"
            " values (%(id)s, %(day)s, %(day)s, now(), 1, 0)",
            named,
        )
        self.connection.execute(
            "insert into ops.publication_dates (as_of_date, publication_id, published_at)"
            " values (%(day)s, %(id)s, now())",
            named,
        )


@pytest.fixture
def warehouse(calendar_warehouse: Warehouse, connection: Connection) -> Nights:
    found = Nights(calendar_warehouse, connection)
    found.publish(FRIDAY)
    return found


def night_of(day: date, hours: float = 0) -> datetime:
    return datetime.combine(day, NIGHT_START, UTC) + timedelta(hours=hours)


# --- failed and killed --------------------------------------------------------------------------------------


def test_a_failed_night_is_found_until_one_succeeds(warehouse: Nights) -> None:
    assert warehouse.find(night_of(MONDAY)) == {}
    warehouse.run("failed", night_of(MONDAY), error="No space left on device")
    sentence = warehouse.find(night_of(MONDAY, 1))["night_failed"]
    assert sentence.startswith("The nightly run ")
    assert "failed at 2025-07-14 23:31 UTC" in sentence
    assert "No space left on device" in sentence
    warehouse.run("failed", night_of(MONDAY, 1), error="Again")
    assert "Again" in warehouse.find(night_of(MONDAY, 2))["night_failed"]
    warehouse.run("succeeded", night_of(MONDAY, 2))
    assert warehouse.find(night_of(MONDAY, 3)) == {}


def test_a_killed_run_is_found_and_a_running_one_is_not(warehouse: Nights) -> None:
    warehouse.run("succeeded", night_of(FRIDAY))
    warehouse.run("running", night_of(MONDAY))
    with build_lock(warehouse.warehouse, "nightly"):
        assert warehouse.find(night_of(MONDAY, 1)) == {}
    assert "died during building" in warehouse.find(night_of(MONDAY, 1))["night_failed"]


def test_a_run_that_failed_before_stays_found_while_the_next_one_runs(warehouse: Nights) -> None:
    warehouse.run("failed", night_of(MONDAY), error="No space left on device")
    warehouse.run("running", night_of(MONDAY, 1))
    with build_lock(warehouse.warehouse, "nightly"):
        assert "No space left" in warehouse.find(night_of(MONDAY, 1))["night_failed"]


def test_a_night_whose_source_gave_nothing_is_found_until_one_has_no_warning(warehouse: Nights) -> None:
    warehouse.run("nothing_new", night_of(MONDAY), error="no usable price came from yfinance")
    assert "no usable price came from yfinance" in warehouse.find(night_of(MONDAY, 1))["night_warned"]
    warehouse.run("succeeded", night_of(MONDAY, 1), kind="onboard")
    assert set(warehouse.find(night_of(MONDAY, 2))) == {"night_warned"}
    warehouse.run("succeeded", night_of(MONDAY, 2))
    assert warehouse.find(night_of(MONDAY, 3)) == {}


# --- did not run, is late -----------------------------------------------------------------------------------


def test_a_night_that_never_runs_is_found_when_it_is_due(warehouse: Nights) -> None:
    warehouse.run("succeeded", night_of(FRIDAY))
    assert warehouse.find(DUE) == {}
    assert warehouse.find(DUE + timedelta(seconds=1)) == {
        "night_overdue": "The session 2025-07-14 is overdue. No run has started since 2025-07-14 23:30 UTC; "
        "the last one did at 2025-07-11 23:30 UTC."
    }
    tuesday_night = warehouse.find(DUE + timedelta(days=1, seconds=1))["night_overdue"]
    assert tuesday_night.startswith(
        "2 sessions are overdue, from 2025-07-14 to 2025-07-15. No run has started"
    )
    warehouse.publish(MONDAY)
    assert warehouse.find(DUE + timedelta(seconds=1)) == {}


def test_a_warehouse_in_which_no_run_ever_started_is_found(warehouse: Nights) -> None:
    assert warehouse.find(DUE + timedelta(seconds=1))["night_overdue"].endswith("No run ever started.")


def test_a_night_that_is_late_is_found_with_what_its_run_does(warehouse: Nights) -> None:
    warehouse.run("running", night_of(MONDAY))
    with build_lock(warehouse.warehouse, "nightly"):
        found = warehouse.find(DUE + timedelta(seconds=1))
    assert set(found) == {"night_overdue"}
    assert "The last one: nightly run " in found["night_overdue"]
    assert "building, 0 %, since 2025-07-14 23:30 UTC" in found["night_overdue"]


def test_weekends_and_holidays_are_never_overdue(warehouse: Nights) -> None:
    assert warehouse.find(datetime(2025, 7, 14, 23, 0, tzinfo=UTC)) == {}  # the weekend is over
    warehouse.publish(date(2025, 7, 3))
    warehouse.connection.execute("delete from ops.publication_dates where as_of_date > '2025-07-03'")
    assert warehouse.find(datetime(2025, 7, 7, 23, 0, tzinfo=UTC)) == {}  # July 4 is a holiday


def test_the_time_that_a_night_may_take_is_a_setting(
    calendar_warehouse: Warehouse, connection: Connection, warehouse: Nights
) -> None:
    assert warehouse.connection is connection
    settings = calendar_warehouse.settings.model_copy(update={"night_due_minutes": 30})
    asked = [night_of(MONDAY, 0.51), NIGHT_START, settings.may_take]
    assert connection.execute(OVERDUE_SESSIONS.encode(), asked).fetchall() == [(MONDAY,)]
    asked[0] = night_of(MONDAY, 0.49)
    assert connection.execute(OVERDUE_SESSIONS.encode(), asked).fetchall() == []


def test_data_that_were_never_published_are_found(
    calendar_warehouse: Warehouse, connection: Connection, load_prices: Callable[..., int]
) -> None:
    empty = Nights(calendar_warehouse, connection)
    assert empty.find(datetime.now(UTC) + timedelta(days=9)) == {}
    load_prices(FRIDAY)
    assert empty.find(datetime.now(UTC) + timedelta(hours=3)) == {}
    found = empty.find(datetime.now(UTC) + timedelta(hours=5))
    assert found["night_overdue"].startswith("Nothing is published, though data are loaded since ")


def test_an_upgrade_that_is_due_is_found(warehouse: Nights) -> None:
    warehouse.connection.execute("update ops.layouts set layout = layout - 1")
    try:
        assert "sigmasight upgrade" in warehouse.find(night_of(MONDAY))["upgrade_due"]
    finally:
        warehouse.connection.execute("update ops.layouts set layout = layout + 1")
    assert warehouse.find(night_of(MONDAY)) == {}
