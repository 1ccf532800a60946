"""The worked examples of docs/method.md have the figures that the demonstration builds.

Each example is a query with one row, and the sentences that its figures make (method_examples.yml): the page
must contain them. A figure that changes therefore fails here with the sentence as it is now.
"""

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg.rows import dict_row

from tests.shared_builds import Built
from warehouse.settings import project_root

pytestmark = pytest.mark.slow

PAGE = re.sub(r"\s+", " ", (project_root() / "docs/method.md").read_text("utf-8"))
EXAMPLES: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "method_examples.yml").read_text("utf-8")
)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_has_the_figures_of_the_demo(full_demo_run: Built, name: str) -> None:
    with psycopg.connect(full_demo_run.warehouse.analyst_url, row_factory=dict_row) as connection:
        connection.execute("set search_path = marts")
        found = connection.execute(EXAMPLES[name]["query"].encode()).fetchall()
    assert len(found) == 1
    sentences = [sentence.format(**found[0]) for sentence in EXAMPLES[name]["sentences"]]
    assert [sentence for sentence in sentences if sentence not in PAGE] == []
