"""docs/security.md names tests that exist: every wall has one."""

import ast
import re
from functools import cache

import pytest

from warehouse.settings import project_root

ROOT = project_root()
PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@cache
def _tests_of(path: str) -> set[str]:
    """The names of the test functions of a file."""
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_the_page_names_exists(path: str, name: str) -> None:
    assert name.startswith("test_")
    assert name in _tests_of(path)


def test_every_wall_names_a_test() -> None:
    walls = PAGE[PAGE.index("## Walls") : PAGE.index("## What is not protected")]
    rows = [row for row in walls.splitlines() if row.startswith("| ") and "proved by |" not in row]
    assert len(rows) > 50
    assert [row for row in rows if "::test_" not in row.rpartition(" | ")[2]] == []


def test_the_short_page_repeats_nothing() -> None:
    short = (ROOT / "SECURITY.md").read_text()
    assert "docs/security.md" in short
    assert "|---" not in short
