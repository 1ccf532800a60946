"""The API over a real warehouse, tested through its HTTP interface.

demo    the demo warehouse, built and published once per test run: five portfolios, simulated prices
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from fastapi.testclient import TestClient
from psycopg import Connection, connect
from psycopg.rows import DictRow, dict_row

from api.app import create_app
from ingestion.demo.demo import create_demo_users
from tests.api.api_helpers import Person, log_in_demo
from tests.conftest import THEN
from warehouse.connections import Warehouse

Serve = Callable[[Warehouse], TestClient]


@pytest.fixture(scope="module")
def serve() -> Iterator[Serve]:
    """Start the API over a warehouse; clients are closed at the end of the module."""
    with ExitStack() as clients:

        def start(warehouse: Warehouse) -> TestClient:
            app = create_app(warehouse.settings)
            return clients.enter_context(TestClient(app, raise_server_exceptions=False))

        yield start


@pytest.fixture(scope="module")
def empty_api(module_warehouse: Warehouse, serve: Serve) -> TestClient:
    """Serve a warehouse without a build."""
    return serve(module_warehouse)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run modules with ON_REAL_PRICES again over real prices, except for tests marked simulated_only."""
    if "prices" in metafunc.fixturenames and getattr(metafunc.module, "ON_REAL_PRICES", False):
        marked = any(mark.name == "simulated_only" for mark in metafunc.definition.iter_markers())
        metafunc.parametrize("prices", ["simulated"] if marked else ["simulated", "real"], scope="module")


@pytest.fixture(scope="module")
def prices() -> str:
    """Choose between simulated prices and real ones: see pytest_generate_tests."""
    return "simulated"


@pytest.fixture(scope="module")
def demo(request: pytest.FixtureRequest, prices: str) -> Warehouse:
    """The demo warehouse with its users; on real prices it ends on the same session."""
    built: Warehouse = (
        request.getfixturevalue("market_then")
        if prices == "real"
        else request.getfixturevalue("demo_run").warehouse
    )
    with built.connect_writer() as connection:
        create_demo_users(connection, until=THEN)
    return built


@pytest.fixture(scope="module")
def api(demo: Warehouse, serve: Serve) -> TestClient:
    """Serve the demo warehouse."""
    return serve(demo)


@pytest.fixture(scope="module")
def hedge_fund(api: TestClient) -> Person:
    """Log in with one portfolio: long, short, and options of which some have expired by the last session."""
    return log_in_demo(api, "demo_hedgefundstyle@sigmasight.com")


@pytest.fixture(scope="module")
def family_office(api: TestClient) -> Person:
    """Log in with two portfolios: one public, one of private holdings only."""
    return log_in_demo(api, "demo_familyoffice@sigmasight.com")


@pytest.fixture(scope="module")
def high_net_worth(api: TestClient) -> Person:
    """Log in with one portfolio, of which 45 % are private holdings."""
    return log_in_demo(api, "demo_hnw@sigmasight.com")


@pytest.fixture(scope="module")
def analyst(demo: Warehouse) -> Iterator[Connection[DictRow]]:
    """Query the marts in SQL, as an analyst: the API's responses are compared with them."""
    with connect(demo.analyst_url, row_factory=dict_row, autocommit=True) as connection:
        yield connection
