"""Every mart and column that a figure of the page names exists, so that a click finds its definition."""

import re

import yaml

from tests.api.page.sources import modules
from warehouse.settings import project_root

CONSTANT = re.compile(r'^const ([A-Z_]+) = "((?:fct|dim)_\w+)";', re.MULTILINE)
COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)
NAMED = re.compile(r'(?:mart: |, )(?:"((?:fct|dim)_[\w.]+)"|`\$\{([A-Z_]+)\}\.(\w+)`|([A-Z_]+)\b)')


def _columns() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path in (project_root() / "dbt_project" / "models" / "marts").rglob("*.yml"):
        for model in yaml.safe_load(path.read_text("utf-8")).get("models", []):
            found[model["name"]] = {column["name"] for column in model["columns"]}
    return found


def _named_marts() -> set[tuple[str, str]]:
    """The module and the mart, with its column if there is one, of each figure."""
    found = set()
    for module, text in modules().items():
        constants = dict(CONSTANT.findall(text))
        for literal, constant, column, alone in NAMED.findall(COMMENT.sub("", text)):
            if literal:
                found.add((module, literal))
            elif constant in constants:
                found.add((module, f"{constants[constant]}.{column}"))
            elif alone in constants:
                found.add((module, constants[alone]))
    return found


def test_every_mart_that_a_figure_names_exists_with_its_column() -> None:
    columns = _columns()
    named = _named_marts()
    assert len(named) > 60
    unknown = []
    for module, name in sorted(named):
        mart, _, column = name.partition(".")
        if mart not in columns or (column and column not in columns[mart]):
            unknown.append(f"{module}: {name}")
    assert unknown == []


def test_every_constant_of_a_module_is_a_mart() -> None:
    columns = _columns()
    for module, text in modules().items():
        for _, mart in CONSTANT.findall(text):
            assert mart in columns, f"{module}: {mart}"
