"""The chat over the demo warehouse, with a scripted model on loopback."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.api.api_helpers import Person, log_in_demo
from tests.api.chat.responses_server import ModelServer, serving_model
from warehouse.connections import Warehouse
from warehouse.settings import Settings

USER = "demo_hedgefundstyle@sigmasight.com"
OTHER = "demo_hnw@sigmasight.com"

MakeApi = Callable[..., TestClient]


@pytest.fixture(scope="module")
def model() -> Iterator[ModelServer]:
    """The model's server."""
    with serving_model() as server:
        yield server


@pytest.fixture(scope="module")
def make_api(demo: Warehouse, model: ModelServer) -> Iterator[MakeApi]:
    """Start the API with these settings; the chat is on."""
    with ExitStack() as clients:

        def make(**settings: Any) -> TestClient:
            known = {
                "openai_api_key": "key-of-the-server",
                "openai_base_url": model.url,
                "chat_model": "first",
                "embedding_model": "none",
                "chat_requests_per_minute": 10_000,
                "chat_tokens_per_day": 10**9,
                **settings,
            }
            app = create_app(Settings(**{**demo.settings.model_dump(), **known}))
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
