"""The build window on a real database: the dates that each kind of load makes the next build cover."""

import threading
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pandas as pd
import psycopg
import pytest

from flows.database import value
from flows.errors import WindowError
from flows.pipeline.window import (
    Window,
    begin_publication,
    build_settings,
    fix_known_at,
    plan_window,
    resolve_as_of,
)
from ingestion.raw.datasets import CAPITAL_FLOWS
from ingestion.raw.loads import load_frame
from warehouse.connections import Warehouse
from warehouse.locks import LOAD_LOCK

Connection = psycopg.Connection[Any]
Load = Callable[..., int]

THURSDAY, FRIDAY, SATURDAY = date(2025, 1, 2), date(2025, 1, 3), date(2025, 1, 4)
MONDAY, TUESDAY, WEDNESDAY = date(2025, 1, 6), date(2025, 1, 7), date(2025, 1, 8)
MOURNING = date(2025, 1, 9)  # the NYSE was closed for a day of mourning
WEEK = (THURSDAY, FRIDAY, MONDAY, TUESDAY)


def plan(connection: Connection, **asked: Any) -> Window | None:
    return plan_window(connection, known_at=fix_known_at(connection), **asked)


def dates(window: Window | None) -> tuple[date, date] | None:
    return window and (window.from_date, window.to_date)


def publish(connection: Connection, window: Window | None) -> int:
    """Publish the window without a build."""
    assert window is not None
    number = begin_publication(connection, window)
    settings = build_settings(window, number)
    connection.execute(
        "select ops.publish(%s, %s::date, %s::date, %s::timestamptz, null, null, 0, 0)",
        [number, settings["from_date"], settings["to_date"], settings["known_at"]],
    )
    return number


@pytest.fixture
def published(connection: Connection, load_prices: Load) -> int:
    """A week of prices, published."""
    load_prices(*WEEK)
    return publish(connection, plan(connection))


def test_nothing_is_built_before_anything_is_loaded(connection: Connection) -> None:
    assert plan(connection) is None


def test_first_build_begins_with_the_first_price(connection: Connection, load_prices: Load) -> None:
    load_prices(*WEEK)
    window = plan(connection)
    assert dates(window) == (THURSDAY, TUESDAY)
    assert window is not None
    assert window.reason == "first build"


def test_first_build_begins_with_an_earlier_portfolio(
    connection: Connection, load_prices: Load, load_portfolio: Load
) -> None:
    load_prices(*WEEK)
    load_portfolio(date(2024, 12, 30))
    assert dates(plan(connection)) == (date(2024, 12, 30), TUESDAY)


def test_first_build_without_prices_ends_with_the_last_session(
    connection: Connection, load_portfolio: Load
) -> None:
    load_portfolio(THURSDAY)
    window = plan(connection)
    assert window is not None
    assert window.from_date == THURSDAY
    assert window.to_date > date(2025, 6, 1)


def test_an_inception_on_a_weekend_begins_with_the_next_session(
    connection: Connection, load_prices: Load, load_portfolio: Load
) -> None:
    load_portfolio(SATURDAY)
    load_prices(MONDAY)
    assert dates(plan(connection)) == (MONDAY, MONDAY)


@pytest.mark.usefixtures("published")
def test_nothing_new_needs_no_build(connection: Connection) -> None:
    assert plan(connection) is None


@pytest.mark.usefixtures("published")
def test_an_upgrade_of_the_method_rebuilds_all_of_history_once(connection: Connection) -> None:
    connection.execute("insert into ops.rebuilds (reason) values ('the method changed')")
    window = plan(connection)
    assert dates(window) == (THURSDAY, TUESDAY)
    assert window is not None
    assert window.reason == "the method changed"
    number = publish(connection, window)
    assert value(connection, "select publication_id from ops.rebuilds") == number
    assert plan(connection) is None


@pytest.mark.usefixtures("published")
def test_a_rebuild_that_is_requested_during_a_build_waits_for_the_next(
    connection: Connection, load_prices: Load
) -> None:
    load_prices(WEDNESDAY)
    window = plan(connection)
    connection.execute("insert into ops.rebuilds (reason) values ('the method changed')")
    publish(connection, window)
    assert dates(plan(connection)) == (THURSDAY, WEDNESDAY)


@pytest.mark.usefixtures("published")
def test_only_a_new_date_is_built(connection: Connection, load_prices: Load) -> None:
    load_prices(WEDNESDAY)
    assert dates(plan(connection)) == (WEDNESDAY, WEDNESDAY)


@pytest.mark.usefixtures("published")
def test_a_late_price_rebuilds_from_its_date(connection: Connection, load_prices: Load) -> None:
    load_prices(MONDAY, close=101)
    window = plan(connection)
    assert dates(window) == (MONDAY, TUESDAY)
    assert window is not None
    assert window.reason == f"1 load changes numbers from {MONDAY} on"


@pytest.mark.usefixtures("published")
def test_the_earliest_of_several_loads_counts(
    connection: Connection, load_prices: Load, record_load: Load
) -> None:
    load_prices(WEDNESDAY)
    record_load(MONDAY)  # a position entered, a flow, a split: all have a first date
    record_load(FRIDAY)
    assert dates(plan(connection)) == (FRIDAY, WEDNESDAY)


@pytest.mark.usefixtures("published")
def test_a_date_before_all_data_begins_with_the_data(connection: Connection, record_load: Load) -> None:
    record_load(date(1990, 1, 2))  # Treasury yields start before any price
    assert dates(plan(connection)) == (THURSDAY, TUESDAY)


@pytest.mark.usefixtures("published")
def test_earlier_prices_move_the_first_date(connection: Connection, load_prices: Load) -> None:
    load_prices(date(2024, 12, 31))
    assert dates(plan(connection)) == (date(2024, 12, 31), TUESDAY)


@pytest.mark.usefixtures("published")
def test_a_profile_of_a_weekend_rebuilds_from_the_next_session(
    connection: Connection, record_load: Load
) -> None:
    record_load(SATURDAY)
    assert dates(plan(connection)) == (MONDAY, TUESDAY)


@pytest.mark.usefixtures("published")
def test_failed_and_empty_loads_build_nothing(connection: Connection, record_load: Load) -> None:
    record_load(FRIDAY, "failed")
    record_load(None)
    assert plan(connection) is None


@pytest.mark.usefixtures("published")
def test_a_load_after_known_at_waits_for_the_next_build(connection: Connection, record_load: Load) -> None:
    known_at = fix_known_at(connection)
    record_load(FRIDAY)
    assert plan_window(connection, known_at=known_at) is None
    assert dates(plan(connection)) == (FRIDAY, TUESDAY)


def test_a_clock_that_is_set_back_hides_no_load(connection: Connection, load_prices: Load) -> None:
    # Silent failure prevented: a night that finds nothing new until the clock has caught up
    two_days = 2 * 86_400 * 1_000_000
    connection.execute("select setval('ops.instants', last_value + %s) from ops.instants", [two_days])
    load_id = load_prices(THURSDAY, FRIDAY)
    connection.execute("update ops.loads set finished_at = ops.next_instant() where load_id = %s", [load_id])
    connection.execute("update raw.prices set loaded_at = ops.next_instant()")
    window = plan(connection)
    assert dates(window) == (THURSDAY, FRIDAY)
    publish(connection, window)
    assert plan(connection) is None


def test_instants_follow_the_clock_and_never_go_back(connection: Connection) -> None:
    by_the_clock = "select ops.next_instant() between now() and clock_timestamp() + interval '1 second'"
    ahead = "select setval('ops.instants', last_value + 1000000000) from ops.instants"
    assert value(connection, by_the_clock)
    first = value(connection, "select ops.next_instant()")
    connection.execute(ahead)
    later = [value(connection, "select ops.next_instant()") for _ in range(3)]
    assert first + timedelta(seconds=1000) < later[0] < later[1] < later[2]


@pytest.mark.usefixtures("published")
def test_a_published_load_needs_no_build(connection: Connection, record_load: Load) -> None:
    record_load(FRIDAY)
    publish(connection, plan(connection))
    assert plan(connection) is None


def test_as_of_is_the_last_session_up_to_the_requested_date(
    connection: Connection, load_prices: Load
) -> None:
    load_prices(*WEEK)
    assert dates(plan(connection, as_of=date(2025, 1, 5))) == (THURSDAY, FRIDAY)


def test_an_explicit_as_of_leaves_later_dates_unbuilt(connection: Connection, load_prices: Load) -> None:
    load_prices(*WEEK)
    publish(connection, plan(connection, as_of=FRIDAY))
    assert plan(connection, as_of=FRIDAY) is None
    assert dates(plan(connection)) == (MONDAY, TUESDAY)


@pytest.mark.usefixtures("published")
def test_an_earlier_as_of_still_rebuilds_to_the_last_published_date(
    connection: Connection, record_load: Load
) -> None:
    record_load(FRIDAY)
    window = plan(connection, as_of=FRIDAY)
    assert dates(window) == (FRIDAY, TUESDAY)
    assert window is not None
    assert window.as_of == FRIDAY


def test_an_as_of_after_the_last_price_is_refused(connection: Connection, load_prices: Load) -> None:
    load_prices(*WEEK)
    with pytest.raises(
        WindowError, match=r"No price is loaded for 2025-01-08: the last session .* 2025-01-07"
    ):
        plan(connection, as_of=WEDNESDAY)


def test_a_closed_day_after_the_last_price_is_not_a_new_date(
    connection: Connection, load_prices: Load
) -> None:
    load_prices(*WEEK, WEDNESDAY)
    assert resolve_as_of(connection, MOURNING, fix_known_at(connection)) == WEDNESDAY


def test_an_as_of_before_all_data_is_refused(connection: Connection, load_prices: Load) -> None:
    load_prices(*WEEK)
    with pytest.raises(WindowError, match="the first date with data is 2025-01-02"):
        plan(connection, as_of=date(2024, 1, 2))


def test_a_weekend_price_is_not_a_session(connection: Connection, load_prices: Load) -> None:
    load_prices(*WEEK, date(2025, 1, 11))
    assert dates(plan(connection)) == (THURSDAY, TUESDAY)


@pytest.mark.usefixtures("published")
def test_a_rebuild_from_a_date_needs_nothing_new(connection: Connection) -> None:
    window = plan(connection, from_date=SATURDAY)
    assert dates(window) == (MONDAY, TUESDAY)
    assert window is not None
    assert "asked" in window.reason


@pytest.mark.usefixtures("published")
def test_an_unpublished_build_needs_no_rebuild(connection: Connection) -> None:
    """Its rows have their own publication id: no reader sees them, and the next build removes them."""
    connection.execute(
        "insert into ops.runs (kind, status, from_date, publication_id) values ('rebuild', 'failed', %s, 2)",
        [FRIDAY],
    )
    assert plan(connection) is None


@pytest.fixture
def two_portfolios(connection: Connection, load_prices: Load, load_portfolio: Load) -> tuple[UUID, UUID]:
    """A week of prices and two portfolios since Thursday, published."""
    load_prices(*WEEK)
    load_portfolio(THURSDAY, name="One")
    load_portfolio(THURSDAY, name="Other")
    window = plan(connection)
    publish(connection, window)
    found = connection.execute(
        "select portfolio_id from raw.portfolios order by portfolio_name = 'Other'"
    ).fetchall()
    connection.execute(
        """insert into ops.portfolio_dates (portfolio_id, as_of_date, publication_id, published_at)
        select portfolio_id, as_of_date, publication_id, published_at
        from ops.publication_dates
        cross join (select distinct portfolio_id from raw.portfolios) as portfolios"""
    )
    return found[0][0], found[1][0]


def flow(connection: Connection, portfolio_id: UUID, day: date) -> None:
    frame = pd.DataFrame(
        {"flow_id": [str(uuid4())], "portfolio_id": [str(portfolio_id)], "flow_date": [day], "amount": [10]}
    )
    load_frame(connection, CAPITAL_FLOWS, frame, source="file", origin="test")


def test_a_flow_rebuilds_only_its_portfolio(
    connection: Connection, two_portfolios: tuple[UUID, UUID]
) -> None:
    one, _ = two_portfolios
    flow(connection, one, SATURDAY)
    window = plan(connection)
    assert dates(window) == (MONDAY, TUESDAY)
    assert window is not None
    assert (window.market_from_date, window.portfolios) == (None, {one: MONDAY})
    assert window.reason == f"data of portfolios changed from {MONDAY} on"


def test_a_new_date_builds_every_portfolio_and_a_changed_one_from_an_earlier_date(
    connection: Connection, two_portfolios: tuple[UUID, UUID], load_prices: Load
) -> None:
    one, other = two_portfolios
    flow(connection, one, FRIDAY)
    flow(connection, other, WEDNESDAY)
    load_prices(WEDNESDAY)
    window = plan(connection)
    assert dates(window) == (FRIDAY, WEDNESDAY)
    assert window is not None
    assert (window.market_from_date, window.portfolios) == (WEDNESDAY, {one: FRIDAY})
    publish(connection, window)
    assert plan(connection) is None


def test_a_flow_after_the_last_price_rebuilds_nothing(
    connection: Connection, two_portfolios: tuple[UUID, UUID], load_prices: Load
) -> None:
    one, _ = two_portfolios
    flow(connection, one, WEDNESDAY)
    assert plan(connection) is None
    load_prices(WEDNESDAY)
    assert dates(plan(connection)) == (WEDNESDAY, WEDNESDAY)


@pytest.mark.usefixtures("two_portfolios")
def test_a_portfolio_before_all_others_rebuilds_the_market(
    connection: Connection, load_portfolio: Load
) -> None:
    """Python models compute no market facts before the first portfolio, and the new one needs them."""
    load_portfolio(date(2024, 12, 31), name="Elder")
    window = plan(connection)
    assert window is not None
    assert (window.market_from_date, window.portfolios) == (date(2024, 12, 31), {})


def test_a_missing_calendar_is_reported(empty_warehouse: Warehouse) -> None:
    with (
        empty_warehouse.connect_writer(autocommit=True) as connection,
        pytest.raises(WindowError, match="NYSE calendar is not loaded"),
    ):
        resolve_as_of(connection, FRIDAY, fix_known_at(connection))


def test_a_load_that_does_not_end_is_named(calendar_warehouse: Warehouse, connection: Connection) -> None:
    name = "sigmasight load prices pid 1 on host"
    with calendar_warehouse.connect_writer(application_name=name) as loading:
        loading.execute("select pg_advisory_xact_lock_shared(%s)", [LOAD_LOCK])
        with pytest.raises(WindowError, match=rf"still running after .* \({name}, since"):
            fix_known_at(connection, patience=timedelta(milliseconds=200))
    assert fix_known_at(connection)


def test_known_at_waits_for_a_load_in_progress(calendar_warehouse: Warehouse, connection: Connection) -> None:
    """An uncommitted load must not count as known, or its rows would never be built."""
    instants: list[datetime] = []
    with calendar_warehouse.connect_writer() as loading:
        loading.execute("select pg_advisory_xact_lock_shared(%s)", [LOAD_LOCK])
        waiting = threading.Thread(target=lambda: instants.append(fix_known_at(connection)))
        waiting.start()
        time.sleep(0.3)
        assert instants == []
        row = loading.execute("select clock_timestamp()").fetchone()
        loading.commit()
    waiting.join(60)
    assert row is not None
    assert instants[0] > row[0]  # type: ignore[operator]
