"""ops.publish with portfolios that the build leaves out: their pointers stay, withheld ones are marked."""

import datetime as dt
from typing import Any
from uuid import UUID

import pytest

from tests.warehouse.test_publish_function import FOREVER, add_load, load_calendar
from warehouse.bootstrap import Connection
from warehouse.connections import Warehouse

MONDAY, TUESDAY, WEDNESDAY = (dt.date(2024, 1, day) for day in (8, 9, 10))
ANN, BOB, EVE = (UUID(int=number) for number in (1, 2, 3))


@pytest.fixture
def writer(empty_warehouse: Warehouse) -> Connection:
    """Open a session in a warehouse with three portfolios, of which two are published on Monday."""
    connection = empty_warehouse.connect_writer(autocommit=True)
    load_calendar(connection, holidays=[])
    for key, name in ((ANN, "Ann's"), (BOB, "Bob's"), (EVE, "Eve's")):
        connection.execute(
            "insert into raw.portfolios (load_id, loaded_at, portfolio_id, portfolio_name, owner_email,"
            " account_type, base_currency, initial_equity, inception_date)"
            " values (%s, clock_timestamp(), %s, %s, 'a@b.c', 'taxable', 'USD', 1, %s)",
            [add_load(connection), key, name, MONDAY],
        )
    connection.execute(
        "create table published.fct_portfolio_snapshots"
        " (publication_id bigint, portfolio_id uuid, as_of_date date)"
    )
    snapshots(connection, 1, (ANN, MONDAY), (BOB, MONDAY))
    publish(connection, 1, MONDAY, MONDAY)
    return connection


def snapshots(connection: Connection, number: int, *rows: tuple[UUID, dt.date]) -> None:
    for key, day in rows:
        connection.execute(
            "insert into published.fct_portfolio_snapshots values (%s, %s, %s)", [number, key, day]
        )


def exclude(connection: Connection, number: int, key: UUID, since: dt.date | None, test: str | None) -> None:
    connection.execute(
        "insert into ops.build_exclusions values (%s, %s, %s, %s, %s)",
        [number, key, since, None if test is None else [test], None if test is None else f"{test} fails."],
    )


def publish(connection: Connection, number: int, first: dt.date, last: dt.date) -> dt.datetime:
    found = connection.execute(
        "select ops.publish(%s, %s, %s, %s, null, null, 1, 0)", [number, first, last, FOREVER]
    ).fetchone()
    assert found is not None
    published_at: dt.datetime = found[0]
    return published_at


def pointers(connection: Connection) -> dict[tuple[UUID, dt.date], int]:
    rows = connection.execute(
        "select portfolio_id, as_of_date, publication_id from ops.portfolio_dates where superseded_at is null"
    )
    return {(key, day): number for key, day, number in rows}


def withheld(connection: Connection) -> dict[UUID, tuple[Any, ...]]:
    rows = connection.execute(
        "select portfolio_id, withheld_since, last_date, from_date, tests from ops.quarantines"
        " where superseded_at is null"
    )
    return {key: tuple(others) for key, *others in rows}


def test_a_withheld_portfolio_keeps_its_pointers_until_it_is_built_again(writer: Connection) -> None:
    exclude(writer, 2, BOB, MONDAY, "equity")
    exclude(writer, 2, EVE, TUESDAY, "cash")
    snapshots(writer, 2, (ANN, MONDAY), (ANN, TUESDAY))
    second = publish(writer, 2, MONDAY, TUESDAY)
    assert pointers(writer) == {(ANN, MONDAY): 2, (ANN, TUESDAY): 2, (BOB, MONDAY): 1}
    assert withheld(writer) == {
        BOB: (second, MONDAY, MONDAY, ["equity"]),
        EVE: (second, None, TUESDAY, ["cash"]),
    }

    exclude(writer, 3, BOB, WEDNESDAY, "cash")
    snapshots(writer, 3, (ANN, WEDNESDAY), (EVE, WEDNESDAY))
    publish(writer, 3, WEDNESDAY, WEDNESDAY)
    # one series of publications, from the first session that is missing
    assert withheld(writer) == {BOB: (second, MONDAY, MONDAY, ["cash"])}

    writer.execute("insert into ops.build_portfolios values (4, %s, %s)", [BOB, MONDAY])
    snapshots(writer, 4, (BOB, MONDAY), (BOB, TUESDAY), (BOB, WEDNESDAY))
    publish(writer, 4, dt.date(2024, 1, 11), WEDNESDAY)
    assert withheld(writer) == {}
    assert {key: number for key, number in pointers(writer).items() if key[0] == BOB} == {
        (BOB, day): 4 for day in (MONDAY, TUESDAY, WEDNESDAY)
    }


def test_a_portfolio_that_was_not_asked_for_stays_withheld(writer: Connection) -> None:
    exclude(writer, 2, BOB, TUESDAY, "equity")
    snapshots(writer, 2, (ANN, TUESDAY))
    publish(writer, 2, TUESDAY, TUESDAY)
    before = withheld(writer)
    for key in (BOB, EVE):
        exclude(writer, 3, key, None, None)
    writer.execute("insert into ops.build_portfolios values (3, %s, %s)", [ANN, TUESDAY])
    snapshots(writer, 3, (ANN, TUESDAY))
    publish(writer, 3, WEDNESDAY, TUESDAY)
    assert withheld(writer) == before
    assert pointers(writer)[ANN, TUESDAY] == 3


def test_a_publication_that_only_withholds_covers_no_portfolio(writer: Connection) -> None:
    exclude(writer, 2, ANN, MONDAY, "equity")
    publish(writer, 2, TUESDAY, MONDAY)
    assert pointers(writer) == {(ANN, MONDAY): 1, (BOB, MONDAY): 1}
    row = writer.execute("select from_date, to_date, portfolios from ops.publications order by 1 desc")
    assert row.fetchone() == (MONDAY, MONDAY, None)
    only = writer.execute("select portfolios from ops.publications where publication_id = 2").fetchone()
    assert only == ([],)


def test_loads_of_portfolios_that_were_not_asked_for_and_of_the_market_wait(writer: Connection) -> None:
    of_ann, of_bob, of_market = (add_load(writer) for _ in range(3))
    for load, key in ((of_ann, ANN), (of_bob, BOB)):
        writer.execute("insert into ops.load_portfolios values (%s, %s, %s)", [load, key, TUESDAY])
    writer.execute("update ops.loads set touched_from = %s where load_id = %s", [TUESDAY, of_market])
    writer.execute("insert into ops.build_portfolios values (2, %s, %s)", [ANN, MONDAY])
    for key in (BOB, EVE):
        exclude(writer, 2, key, None, None)
    snapshots(writer, 2, (ANN, MONDAY))
    publish(writer, 2, TUESDAY, MONDAY)
    rows = writer.execute("select load_id from ops.publication_loads where publication_id = 2").fetchall()
    assert rows == [(of_ann,)]


def test_the_load_of_a_withheld_portfolio_counts_as_published(writer: Connection) -> None:
    """What it changes is built again from the first missing session on, whatever else is loaded."""
    of_bob = add_load(writer)
    writer.execute("insert into ops.load_portfolios values (%s, %s, %s)", [of_bob, BOB, MONDAY])
    exclude(writer, 2, BOB, MONDAY, "equity")
    snapshots(writer, 2, (ANN, TUESDAY))
    publish(writer, 2, TUESDAY, TUESDAY)
    rows = writer.execute("select load_id from ops.publication_loads where publication_id = 2").fetchall()
    assert rows == [(of_bob,)]
    assert withheld(writer)[BOB][2] == MONDAY
