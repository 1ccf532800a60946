"""The evaluation over the demo: the chat with a scripted model on loopback, and the accepted answers."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from api.chat.evaluation.live import Evaluation, make_evaluation
from api.services import open_services
from tests.api.chat.chat_settings import chat_settings
from tests.api.chat.responses_server import ModelServer
from warehouse.connections import Warehouse
from warehouse.settings import Settings

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Run coroutines in one event loop for the module: pools belong to a loop."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture(scope="module")
def settings(demo: Warehouse, model: ModelServer) -> Settings:
    """The settings of the demo, with the scripted model."""
    return chat_settings(demo, model, chat_model="scripted")


@pytest.fixture(scope="module")
def evaluation(settings: Settings, run: Run) -> Iterator[Evaluation]:
    """The chat and the accepted answers over the demo."""
    opened = open_services(settings)
    services = run(opened.__aenter__())
    yield run(make_evaluation(services))
    run(opened.__aexit__(None, None, None))
