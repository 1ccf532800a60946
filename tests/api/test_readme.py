"""The responses in the README are those of the API."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.api_helpers import log_in_demo
from tests.api.conftest import Serve
from tests.shared_builds import Built
from warehouse.settings import project_root

README = (project_root() / "README.md").read_text()
CALL = re.compile(r"^\$ curl -s \$API(?P<path>/\S+) .*\n(?P<shown>\{.*\})$", re.MULTILINE)


def _objects(body: Any) -> Iterator[dict[str, Any]]:
    """Iterate over all JSON objects in a response."""
    if isinstance(body, dict):
        yield body
    for part in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        yield from _objects(part)


@pytest.mark.long  # the demo to its last session
def test_the_readme_shows_the_apis_responses(full_demo_run: Built, serve: Serve) -> None:
    person = log_in_demo(serve(full_demo_run.warehouse), "demo_individual@sigmasight.com")
    calls = list(CALL.finditer(README))
    assert len(calls) == 3
    for call in calls:
        path = call["path"].removeprefix("/").replace("$ID", person.portfolio_id)
        shown = json.loads(call["shown"])
        found = [part for part in _objects(person.get(path).json()) if shown.items() <= part.items()]
        assert found, f"{path} does not return {shown}"
