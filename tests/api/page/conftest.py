"""A browser on the page: an installed Chromium, driven by playwright; skipped, saying so, without one."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.api.api_helpers import PASSWORD, add_user
from tests.api.page.reader import Reader
from tests.api.page.running_server import RunningServer
from warehouse.connections import Warehouse

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

OpenPage = Callable[..., Reader]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """An installed Chromium. Per module: while it is open, an event loop runs in this thread."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no Chromium is installed: the page is not opened")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def server(demo: Warehouse) -> Iterator[RunningServer]:
    """Serve the demo warehouse on a port."""
    running = RunningServer(demo.settings.model_copy(update={"login_attempts_per_address": 10_000}))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def newcomer(demo: Warehouse, request: pytest.FixtureRequest) -> tuple[str, str]:
    """A user without portfolios, of this module, and their password."""
    email = f"{request.module.__name__.rpartition('.')[2]}@example.com"
    add_user(demo, email)
    return email, PASSWORD


@pytest.fixture
def open_page(browser: Any, server: RunningServer) -> Iterator[OpenPage]:
    """Open the page in a context of its own, which is closed at the end of the test."""
    contexts = []

    def start(**options: Any) -> Reader:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        contexts.append(context)
        return Reader(context.new_page(), server.origin)

    yield start
    for context in contexts:
        context.close()
