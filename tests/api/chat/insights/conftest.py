"""The chat over the demo warehouse, with a scripted model on loopback."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.api.api_helpers import Person, log_in_demo
from tests.api.chat.chat_settings import chat_settings
from tests.api.chat.responses_server import ModelServer
from warehouse.connections import Warehouse

USER = "demo_hedgefundstyle@sigmasight.com"
OTHER = "demo_hnw@sigmasight.com"

MakeApi = Callable[..., TestClient]


@pytest.fixture(scope="module")
def make_api(demo: Warehouse, model: ModelServer) -> Iterator[MakeApi]:
    """Start the API with these settings; the chat is on."""
    with ExitStack() as clients:

        def make(**settings: Any) -> TestClient:
            app = create_app(chat_settings(demo, model, **settings))
            return clients.enter_context(TestClient(app, raise_server_exceptions=False))

        yield make


@pytest.fixture(scope="module")
def api(make_api: MakeApi) -> TestClient:
    """The API with the chat on."""
    return make_api()


@pytest.fixture(scope="module")
def owner(api: TestClient) -> Person:
    """A user with one portfolio."""
    return log_in_demo(api, USER)


@pytest.fixture(scope="module")
def stranger(api: TestClient) -> Person:
    """Another one."""
    return log_in_demo(api, OTHER)
