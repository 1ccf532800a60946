"""Pruning: superseded rows go and their space with them; what readers see now and what changed are kept."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from flows.maintenance.retention import clean_up
from flows.maintenance.superseded import prune_superseded
from flows.pipeline.publication_cost import read_size, record_cost
from ingestion.portfolios.users import add_user
from tests.api.api_helpers import assert_problem, log_in
from tests.api.republish import republish
from tests.flows.flow_helpers import CommandLine, all_marts, one
from warehouse.connections import Warehouse

pytestmark = [pytest.mark.slow, pytest.mark.long]  # builds of its own, half a minute and more

EMAIL, PASSWORD = "superseded@example.com", "Long-enough-1"
HISTORY = "select count(*) from marts_history.fct_portfolio_snapshots where superseded_at is not null"
REPUBLISHED = 30


def instants(warehouse: Warehouse) -> list[datetime]:
    """When each publication was published."""
    return list(
        one(warehouse, "select array_agg(published_at order by publication_id) from ops.publications")
    )


def current(warehouse: Warehouse) -> dict[str, list[str]]:
    """The marts as readers see them now."""
    return {name: rows for name, rows in all_marts(warehouse).items() if name.startswith("marts.")}


def test_superseded_rows_are_removed_and_nothing_else(copied: CommandLine) -> None:
    warehouse = copied.warehouse
    with warehouse.connect_writer(autocommit=True) as connection:
        for _ in range(REPUBLISHED):
            republish(connection, Decimal(1))
        add_user(connection, EMAIL, "Jane Doe", PASSWORD)
        connection.execute("vacuum published.int_position_values")  # the shifted rows of the helper
    before, restated = current(warehouse), one(warehouse, "select count(*) from ops.restatements")
    times = instants(warehouse)
    assert one(warehouse, HISTORY) == REPUBLISHED
    assert restated > 0

    assert clean_up(warehouse).get("rows of superseded publications") is None  # by default they are kept
    with warehouse.connect_writer(autocommit=True) as connection:
        counted = prune_superseded(connection, times[-2], dry_run=True)
        assert one(warehouse, HISTORY) == REPUBLISHED
        removed = prune_superseded(connection, times[-2])
        assert removed.rows == counted.rows > REPUBLISHED
        assert prune_superseded(connection, times[-2]).rows == 0
        assert one(warehouse, HISTORY) == 2  # superseded at the instant itself, and by the last publication

        prune_superseded(connection, datetime.now(UTC) + timedelta(seconds=1))
    assert one(warehouse, HISTORY) == 0
    assert current(warehouse) == before
    assert one(warehouse, "select count(*) from ops.restatements") == restated
    assert one(warehouse, "select count(*) from ops.publications") == REPUBLISHED + 1
    assert one(warehouse, "select sum(rows_removed) from ops.prunings") > REPUBLISHED
    assert_old_instants_are_refused(warehouse, times)


def test_an_instant_before_a_replaced_version_is_refused(copied: CommandLine) -> None:
    # Silent failure prevented: a night that supersedes no date replaces versioned rows, which are removed too
    warehouse = copied.warehouse
    with warehouse.connect_writer(autocommit=True) as connection:
        republish(connection, Decimal(1))
        with connection.transaction():
            connection.execute(
                """create temporary table renamed on commit drop as
                select * from published.dim_portfolios where publication_id = 1 limit 1"""
            )
            connection.execute("update renamed set publication_id = 3, description = 'replaced'")
            connection.execute("insert into published.dim_portfolios select * from renamed")
            connection.execute(
                """select ops.publish(3, session, session, now(), null, null, 1, 0) from (
                    select min(calendar_date) as session from raw.newest_calendar_days
                    where is_session and calendar_date > (select max(as_of_date) from ops.publication_dates)
                ) as later"""
            )
        prune_superseded(connection, datetime.now(UTC) + timedelta(seconds=1))
    assert one(warehouse, "select count(*) from published.dim_portfolios where publication_id = 1") < one(
        warehouse, "select count(*) from marts.dim_portfolios"
    )
    _, between, last = instants(warehouse)
    with warehouse.connect_analyst(autocommit=True) as connection:
        for instant, is_refused in ((between, True), (last, False)):
            connection.execute("select set_config('sigmasight.published_at', %s, false)", [str(instant)])
            with pytest.raises(psycopg.errors.DatetimeFieldOverflow) if is_refused else nullcontext():
                connection.execute("select count(*) from marts_at.dim_portfolios")


def assert_old_instants_are_refused(warehouse: Warehouse, times: list[datetime]) -> None:
    """Silent failure prevented: a report of the past from the rows that are left."""
    with warehouse.connect_analyst(autocommit=True) as connection:
        connection.execute("select set_config('sigmasight.published_at', %s, false)", [str(times[0])])
        for mart in ("fct_portfolio_snapshots", "fct_publications", "fct_data_quality"):
            with pytest.raises(psycopg.errors.DatetimeFieldOverflow, match="no longer kept"):
                connection.execute(f"select count(*) from marts_at.{mart}".encode())
        connection.execute("select set_config('sigmasight.published_at', %s, false)", [str(times[-1])])
        (count,) = (
            connection.execute("select count(*) from marts_at.fct_portfolio_snapshots").fetchone() or ()
        )
        assert count == one(warehouse, "select count(*) from marts.fct_portfolio_snapshots")
    with TestClient(create_app(warehouse.settings)) as client:
        headers = log_in(client, EMAIL, PASSWORD)
        for instant, status in ((times[0], 422), (times[-1], 200)):
            answer = client.get(
                "/api/v1/data/portfolios", headers=headers, params={"published_at": instant.isoformat()}
            )
            assert answer.status_code == status
            if status == 422:
                assert "no longer kept" in assert_problem(answer, 422, "instant_before_history")["detail"]
    done = CommandLine(warehouse).run(
        "rebuild", "--known-at", times[0].isoformat(), "--schema", "audit", "--compare"
    )
    assert done.returncode == 1
    assert "no longer kept" in done.stderr


def test_the_setting_prunes_each_night_and_gives_the_space_back(
    copied: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = copied.warehouse
    with warehouse.connect_writer(autocommit=True) as connection:
        for _ in range(REPUBLISHED):
            republish(connection, Decimal(1))
        for dates in ("publication_dates", "portfolio_dates"):
            connection.execute(
                f"update ops.{dates} set superseded_at = superseded_at - interval '40 days'".encode()
            )
        connection.execute("update ops.publications set published_at = published_at - interval '40 days'")
        before = read_size(connection)
    monkeypatch.setenv("SUPERSEDED_DAYS", "30")
    output = copied.succeed("cleanup")
    assert "rows of superseded publications" in output
    assert "MB of the disk" in output
    with warehouse.connect_writer(autocommit=True) as connection:
        assert read_size(connection) < before
    assert one(warehouse, HISTORY) == 0


def test_a_publication_records_what_it_cost(copied: CommandLine) -> None:
    warehouse = copied.warehouse
    written = one(warehouse, "select rows_written from ops.publications")
    assert written > 1000
    assert one(warehouse, "select bytes_written from ops.publications") > 100_000
    with warehouse.connect_writer(autocommit=True) as connection:
        size = read_size(connection)
        assert record_cost(connection, 1, size).rows == written
        number = republish(connection, Decimal(1))
        cost = record_cost(connection, number, size)
    assert 0 < cost.rows < written
    assert cost.size >= 0
    assert f"it wrote {cost.rows:,} rows, {cost.size / 1e6:,.1f} MB" in copied.succeed("status")
