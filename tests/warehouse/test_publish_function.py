"""ops.publish: a publication takes effect for all its dates at once, and what it replaces is kept."""

import datetime as dt

import psycopg
import pytest

from warehouse.bootstrap import Connection
from warehouse.connections import Warehouse

MONDAY, TUESDAY, WEDNESDAY, SATURDAY = (dt.date(2024, 1, day) for day in (8, 9, 10, 13))
FOREVER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def writer(emptied_warehouse: Warehouse) -> Connection:
    """Open a session in a warehouse with the calendar of January 2024, from one load."""
    connection = emptied_warehouse.connect_writer(autocommit=True)
    load_calendar(connection, holidays=[])
    return connection


def add_load(connection: Connection, *, status: str = "succeeded") -> int:
    row = connection.execute(
        "insert into ops.loads (source, dataset, started_at, finished_at, status) "
        "values ('file', 'calendar_days', clock_timestamp(), clock_timestamp(), %s) returning load_id",
        [status],
    ).fetchone()
    assert row is not None
    return int(row[0])


def load_calendar(connection: Connection, *, holidays: list[dt.date]) -> None:
    connection.execute(
        "insert into raw.calendar_days select %s, clock_timestamp(), day, "
        "extract(isodow from day) < 6 and day <> all(%s), false "
        "from generate_series(date '2024-01-01', '2024-01-31', '1 day') as days (day)",
        [add_load(connection), holidays],
    )


def publish(
    connection: Connection,
    publication_id: int,
    first: dt.date,
    last: dt.date,
    known_at: dt.datetime = FOREVER,
) -> dt.datetime:
    row = connection.execute(
        "select ops.publish(%s, %s, %s, %s, 'invocation', 'revision', 7, 1)",
        [publication_id, first, last, known_at],
    ).fetchone()
    assert row is not None
    published_at = row[0]
    assert isinstance(published_at, dt.datetime)
    return published_at


def current(connection: Connection) -> dict[dt.date, int]:
    return dict(
        connection.execute(
            "select as_of_date, publication_id from ops.publication_dates where superseded_at is null"
        ).fetchall()
    )


def test_a_publication_covers_the_sessions_of_its_range(writer: Connection) -> None:
    published_at = publish(writer, 1, MONDAY, SATURDAY)
    assert sorted(current(writer)) == [dt.date(2024, 1, day) for day in (8, 9, 10, 11, 12)]
    row = writer.execute(
        "select from_date, to_date, published_at, tests_passed, tests_warned from ops.publications"
    )
    assert row.fetchall() == [(MONDAY, SATURDAY, published_at, 7, 1)]


def test_a_correction_supersedes_only_its_own_dates_and_keeps_the_old_rows(writer: Connection) -> None:
    first = publish(writer, 1, MONDAY, WEDNESDAY)
    second = publish(writer, 2, TUESDAY, WEDNESDAY)
    assert current(writer) == {MONDAY: 1, TUESDAY: 2, WEDNESDAY: 2}
    history = writer.execute(
        "select publication_id, published_at, superseded_at from ops.publication_dates "
        "where as_of_date = %s order by 1",
        [TUESDAY],
    )
    assert history.fetchall() == [(1, first, second), (2, second, None)]


def test_a_day_that_turned_out_a_holiday_is_no_longer_published(writer: Connection) -> None:
    publish(writer, 1, MONDAY, WEDNESDAY)
    load_calendar(writer, holidays=[TUESDAY])
    publish(writer, 2, MONDAY, WEDNESDAY)
    assert current(writer) == {MONDAY: 2, WEDNESDAY: 2}


def test_a_publication_is_never_before_the_one_that_it_supersedes(writer: Connection) -> None:
    publish(writer, 1, MONDAY, WEDNESDAY)
    for table in ("publications", "publication_dates"):
        writer.execute(f"update ops.{table} set published_at = published_at + interval '2 days'".encode())
    second, third = publish(writer, 2, TUESDAY, TUESDAY), publish(writer, 3, TUESDAY, TUESDAY)
    rows = writer.execute("select publication_id from ops.publications order by published_at")
    assert rows.fetchall() == [(1,), (2,), (3,)]
    assert second < third
    backwards = writer.execute("select from ops.publication_dates where superseded_at <= published_at")
    assert backwards.fetchall() == []


def taken_in(connection: Connection) -> dict[int, int]:
    return dict(connection.execute("select load_id, publication_id from ops.publication_loads").fetchall())


def test_a_publication_includes_the_loads_finished_until_known_at(writer: Connection) -> None:
    early, failed = add_load(writer), add_load(writer, status="failed")
    row = writer.execute("select clock_timestamp()").fetchone()
    assert row is not None
    late = add_load(writer)
    publish(writer, 1, MONDAY, MONDAY, known_at=row[0])
    assert taken_in(writer) == {1: 1, early: 1}
    publish(writer, 2, TUESDAY, TUESDAY)
    assert taken_in(writer) == {1: 1, early: 1, late: 2}
    assert failed not in taken_in(writer)


def test_publishing_twice_under_one_id_changes_nothing(writer: Connection) -> None:
    publish(writer, 1, MONDAY, MONDAY)
    with pytest.raises(psycopg.errors.UniqueViolation):
        publish(writer, 1, TUESDAY, TUESDAY)
    assert current(writer) == {MONDAY: 1}


def test_a_range_without_a_session_is_refused(writer: Connection) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="no session"):
        publish(writer, 1, SATURDAY, SATURDAY)
    with pytest.raises(psycopg.errors.CheckViolation):
        publish(writer, 1, TUESDAY, MONDAY)
    assert writer.execute("select count(*) from ops.publications").fetchone() == (0,)
    assert taken_in(writer) == {}


def test_readers_see_all_of_a_publication_or_none(writer: Connection, emptied_warehouse: Warehouse) -> None:
    publish(writer, 1, MONDAY, WEDNESDAY)
    with (
        emptied_warehouse.connect_writer() as build,
        emptied_warehouse.connect_writer(autocommit=True) as reader,
    ):
        publish(build, 2, MONDAY, WEDNESDAY)
        assert set(current(reader).values()) == {1}
        build.commit()
        assert set(current(reader).values()) == {2}
