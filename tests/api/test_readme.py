"""The responses in the README are those of the API."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.api_helpers import log_in_demo
from tests.api.chat import example
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


@pytest.mark.long  # the demo to its last session
def test_the_readme_shows_the_chats_answer(full_demo_run: Built) -> None:
    shown = README.partition(f'chat "{example.QUESTION}" --portfolio "{example.PORTFOLIO}"\n')[2].partition(
        "\n```"
    )[0]
    answer, _, sources = shown.partition("\n\nQueries\n")
    statement, _, figures = sources.partition("\n          ...\n\nFigures\n")
    said = example.run_example(**full_demo_run.warehouse.settings.as_environment())
    assert said.startswith(f"{answer}\n\nQueries\n{statement}\n")
    assert f"\nFigures\n{figures}\n" in said
