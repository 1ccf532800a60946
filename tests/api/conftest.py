"""The API over a real warehouse, spoken to through its HTTP interface."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from warehouse.connections import Warehouse

Serve = Callable[[Warehouse], TestClient]


@pytest.fixture(scope="module")
def serve() -> Iterator[Serve]:
    """Start the API over a warehouse; every client is closed at the end of the module."""
    with ExitStack() as clients:

        def start(warehouse: Warehouse) -> TestClient:
            app = create_app(warehouse.settings)
            return clients.enter_context(TestClient(app, raise_server_exceptions=False))

        yield start


@pytest.fixture(scope="module")
def empty_api(module_warehouse: Warehouse, serve: Serve) -> TestClient:
    """Serve a warehouse in which nothing was ever built."""
    return serve(module_warehouse)
