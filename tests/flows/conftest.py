"""A warehouse with a calendar and small loads, for tests that need no dbt."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd
import psycopg
import pytest

from ingestion.files.folder import load_folder
from ingestion.market.calendar import load_calendar
from ingestion.raw.datasets import PORTFOLIOS
from ingestion.raw.loads import load_frame
from tests.database_copies import copy_of, drop
from tests.flows.flow_helpers import CommandLine, load_history, news
from tests.shared_builds import SharedBuilds
from warehouse.connections import Warehouse

FIRST, LAST = date(2025, 1, 2), date(2025, 1, 31)


@pytest.fixture(scope="module")
def calendar_warehouse(module_warehouse: Warehouse) -> Warehouse:
    """The warehouse of this module, with the calendar."""
    with module_warehouse.connect_writer() as loading:
        load_calendar(loading)
    return module_warehouse


@pytest.fixture
def connection(calendar_warehouse: Warehouse) -> Iterator[psycopg.Connection[Any]]:
    """A writer connection, in autocommit mode, to a warehouse with only a calendar."""
    with calendar_warehouse.connect_writer(autocommit=True) as writing:
        yield writing
        writing.execute(
            "truncate ops.publication_loads, ops.publication_dates, ops.portfolio_dates, ops.publications,"
            " ops.quarantines, ops.build_exclusions,"
            " ops.rebuilds, ops.load_portfolios, ops.run_nodes,"
            " ops.runs, ops.incidents, ops.incident_messages, raw.prices, raw.portfolios, raw.capital_flows"
        )
        writing.execute("delete from ops.loads where dataset <> 'calendar_days'")
        writing.execute("select setval('ops.instants', 1)")


@pytest.fixture
def record_load(connection: psycopg.Connection[Any]) -> Callable[..., int]:
    """Insert a row into ops.loads as a load would; its id."""

    def record(touched_from: date | None, status: str = "succeeded", *, minutes_ago: int = 0) -> int:
        at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        row = connection.execute(
            "insert into ops.loads (source, dataset, started_at, finished_at, status, rows_new, touched_from)"
            " values ('test', 'prices', %s, %s, %s, 1, %s) returning load_id",
            [at, at, status, touched_from],
        ).fetchone()
        assert row is not None
        return int(row[0])

    return record


@pytest.fixture
def load_prices(connection: psycopg.Connection[Any], record_load: Callable[..., int]) -> Callable[..., int]:
    """Load one price of SPY for each given date."""

    def load(*days: date, close: float = 100) -> int:
        load_id = record_load(min(days))
        for day in days:
            connection.execute(
                "insert into raw.prices (load_id, loaded_at, source, symbol, price_date, close)"
                " values (%s, clock_timestamp(), 'test', 'SPY', %s, %s)",
                [load_id, day, close],
            )
        connection.execute(
            "update ops.loads set finished_at = clock_timestamp() where load_id = %s", [load_id]
        )
        return load_id

    return load


@pytest.fixture
def load_portfolio(connection: psycopg.Connection[Any]) -> Callable[..., int]:
    """Load a portfolio that begins on the given date."""

    def load(inception: date, name: str = "Test") -> int:
        terms = {
            "portfolio_id": str(uuid4()),
            "portfolio_name": name,
            "owner_email": "a@b.c",
            "account_type": "taxable",
            "base_currency": "USD",
            "initial_equity": 1000,
        }
        frame = pd.DataFrame([{**terms, "inception_date": inception}])
        return load_frame(connection, PORTFOLIOS, frame, source="file", origin="test").load_id

    return load


# --- end to end: real runs on small data ------------------------------------------------------------------


@pytest.fixture(scope="session")
def published(shared_builds: SharedBuilds, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A warehouse with a portfolio and prices, published once. Tests may only add runs to it."""

    def build(warehouse: Warehouse) -> str:
        load_history(warehouse, tmp_path_factory.mktemp("data") / "history")
        return CommandLine(warehouse).succeed("nightly", "--force")

    return shared_builds.copy("published", build).warehouse


@pytest.fixture
def command(published: Warehouse) -> CommandLine:
    """The command line on the published warehouse."""
    return CommandLine(published)


@pytest.fixture
def copied(published: Warehouse) -> Iterator[CommandLine]:
    """The command line on a copy of the published warehouse, for this test only."""
    copy = copy_of(published, "copied")
    yield CommandLine(copy)
    drop(copy)


@pytest.fixture
def nightly_copy(copied: CommandLine, tmp_path: Path) -> CommandLine:
    """The same with new data loaded: a new date, and a correction of an earlier price."""
    with copied.warehouse.connect_writer() as connection:
        load_folder(connection, news(tmp_path / "news"))
    return copied
