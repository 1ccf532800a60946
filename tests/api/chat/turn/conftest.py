"""The chat over the demo warehouse, with a scripted model on loopback."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from ingestion.demo.demo import DEMO_PASSWORD
from tests.api.api_helpers import log_in
from tests.api.chat.chat_settings import chat_settings
from tests.api.chat.responses_server import ModelServer
from tests.api.chat.turn.chat_client import Asking
from warehouse.connections import Warehouse

USER = "demo_individual@sigmasight.com"
OTHER = "demo_hnw@sigmasight.com"

MakeChat = Callable[..., Asking]


@pytest.fixture(scope="module")
def make_chat(demo: Warehouse, model: ModelServer) -> Iterator[MakeChat]:
    """Start the API with these settings, and log a demo user in."""
    with ExitStack() as clients:

        def make(*, email: str = USER, **settings: Any) -> Asking:
            app = create_app(chat_settings(demo, model, **settings))
            client = clients.enter_context(TestClient(app, raise_server_exceptions=False))
            return Asking(client, log_in(client, email, DEMO_PASSWORD), model)

        yield make


@pytest.fixture(scope="module")
def chat(make_chat: MakeChat) -> Asking:
    """The chat, asked by a user with one portfolio."""
    return make_chat()
