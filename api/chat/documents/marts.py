"""The pages of the marts, from their yml: what a row is, and the columns with units and meaning."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from api.chat.documents.passages import Passage, cut_section
from api.chat.yaml_text import parse_yaml
from warehouse.method import method_variables
from warehouse.settings import project_root

MARTS = project_root() / "dbt_project" / "models" / "marts"

_BLOCK = re.compile(r"{%\s*docs\s+(\w+)\s*%}(.*?){%\s*enddocs\s*%}", re.DOTALL)
_VARIABLE = re.compile(r"{{\s*var\('(\w+)'\)\s*}}")
_NAMED = re.compile(r"{{\s*doc\('(\w+)'\)\s*}}")


def mart_files() -> list[Path]:
    """The yml files of the marts."""
    return sorted(MARTS.rglob("*.yml"))


def shared_descriptions() -> Path:
    """The file of descriptions that several marts name."""
    return MARTS / "_columns.md"


def cut_mart(source: str, text: str, descriptions: Mapping[str, str]) -> list[Passage]:
    """Cut the yml of a mart into a passage of the mart and passages of a few columns each."""
    return [
        passage
        for model in parse_yaml(text).get("models", [])
        for passage in _cut_model(source, model, descriptions)
    ]


def read_descriptions(text: str) -> dict[str, str]:
    """The blocks of a file of descriptions, by name."""
    return {name: " ".join(body.split()) for name, body in _BLOCK.findall(text)}


def _cut_model(source: str, model: dict[str, Any], descriptions: Mapping[str, str]) -> Iterator[Passage]:
    name = model["name"]
    columns = model.get("columns", [])
    about = _resolved(model.get("description", ""), descriptions)
    listed = ", ".join(column["name"] for column in columns)
    yield from cut_section(source, (name,), [about, f"Columns: {listed}."])
    yield from cut_section(source, (name, "columns"), [_line(column, descriptions) for column in columns])


def _line(column: dict[str, Any], descriptions: Mapping[str, str]) -> str:
    unit = column.get("config", {}).get("meta", {}).get("unit")
    text = _resolved(column.get("description", ""), descriptions)
    return f"{column['name']}{f' ({unit})' if unit else ''}: {text}"


def _resolved(text: str, descriptions: Mapping[str, str]) -> str:
    text = _NAMED.sub(lambda named: descriptions.get(named[1], ""), text)
    return " ".join(_VARIABLE.sub(lambda named: str(method_variables()[named[1]]), text).split())
