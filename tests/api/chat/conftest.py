"""What tests of the chat share: the scripted model on loopback, and the event loop's backend."""

from collections.abc import Iterator

import pytest

from tests.api.chat.responses_server import ModelServer, serving_model


@pytest.fixture
def anyio_backend() -> str:
    """Run coroutine tests in asyncio, as the API does."""
    return "asyncio"


@pytest.fixture(scope="module")
def model() -> Iterator[ModelServer]:
    """The model's server."""
    with serving_model() as server:
        yield server
