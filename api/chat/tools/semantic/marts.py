"""The marts as their yml files describe them: grain, columns, units, meaning and joins."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from api.chat.yaml_text import parse_yaml
from warehouse.method import PROJECT, method_variables

FOLDER = PROJECT / "models" / "marts"
SCHEMAS = ("marts", "marts_at", "marts_history")
ANALYSTS_ONLY = "only_for_analysts"

_DOCS = re.compile(r"{% docs (\w+) %}\n(.*?)\n{% enddocs %}", re.DOTALL)
_REFERENCE = re.compile(r"""{{ (doc|var)\(['"](\w+)['"]\) }}""")
_NULL = re.compile(r"(?:^|[;.,:] )(null\b.*?)(?:[.;] |\.?$)", re.IGNORECASE)
_KEYS = {
    "portfolio_id": ("dim_portfolios", ("portfolio_id",)),
    "position_id": ("dim_positions", ("position_id",)),
    "symbol": ("dim_symbols", ("symbol",)),
    "factor": ("dim_factors", ("model", "factor")),
    "scenario_id": ("dim_scenarios", ("scenario_id",)),
}


@dataclass(frozen=True)
class Column:
    """A column of a mart. unit: as in the yml. meaning: the whole description."""

    name: str
    data_type: str
    unit: str
    meaning: str

    @property
    def null_meaning(self) -> str | None:
        """What the description says of nulls; None if it says nothing."""
        found = _NULL.search(self.meaning)
        return found[1] if found else None


@dataclass(frozen=True)
class Mart:
    """A mart. group: its folder. about: its description, which ends with the grain."""

    name: str
    group: str
    about: str
    grain: tuple[str, ...]
    columns: Mapping[str, Column]

    @property
    def joins(self) -> tuple[str, ...]:
        """How its rows are joined with the marts that describe its keys."""
        return tuple(_joins(self))


def mart_names() -> tuple[str, ...]:
    """The names of read_marts, without parsing their files, which takes a second."""
    paths = FOLDER.glob("*/*.yml")
    return tuple(sorted(path.stem for path in paths if ANALYSTS_ONLY not in path.read_text("utf-8")))


@cache
def read_marts() -> Mapping[str, Mart]:
    """Every mart that users may read by name, in alphabetical order."""
    documents = dict(_DOCS.findall((FOLDER / "_columns.md").read_text("utf-8")))
    models = [_model(path) for path in sorted(FOLDER.glob("*/*.yml"), key=lambda path: path.stem)]
    return {
        model["name"]: _mart(model, group, documents)
        for group, model in models
        if not model["config"]["meta"].get(ANALYSTS_ONLY)
    }


def column_of(mart: str, column: str) -> Column:
    """The column of a mart. Raises KeyError."""
    return read_marts()[mart].columns[column]


def _model(path: Path) -> tuple[str, dict[str, Any]]:
    """The folder of a mart, and its yml."""
    (model,) = parse_yaml(path.read_text("utf-8"))["models"]
    return path.parent.name, model


def _mart(model: Mapping[str, Any], group: str, documents: Mapping[str, str]) -> Mart:
    columns = [_column(column, documents) for column in model["columns"]]
    return Mart(
        name=model["name"],
        group=group,
        about=_resolve(model["description"], documents),
        grain=tuple(model["config"]["meta"]["grain"]),
        columns={column.name: column for column in columns},
    )


def _column(column: Mapping[str, Any], documents: Mapping[str, str]) -> Column:
    return Column(
        name=column["name"],
        data_type=column["data_type"],
        unit=column["config"]["meta"]["unit"],
        meaning=_resolve(column["description"], documents),
    )


def _resolve(text: str, documents: Mapping[str, str]) -> str:
    """Replace dbt's doc() and var() by what they stand for."""

    def value(reference: re.Match[str]) -> str:
        kind, name = reference.groups()
        return documents[name] if kind == "doc" else str(method_variables()[name])

    return _REFERENCE.sub(value, text)


def _joins(mart: Mart) -> Iterator[str]:
    for key, (dimension, columns) in _KEYS.items():
        shared = [column for column in columns if column in mart.columns]
        if key in mart.columns and dimension != mart.name and shared:
            conditions = " and ".join(f"{mart.name}.{column} = {dimension}.{column}" for column in shared)
            yield f"{dimension} on {conditions}"
    if {"portfolio_id", "as_of_date"} <= mart.columns.keys() and mart.name != "fct_portfolio_snapshots":
        yield (
            "fct_portfolio_snapshots (equity, P&L of the session) on "
            f"{mart.name}.portfolio_id = fct_portfolio_snapshots.portfolio_id "
            f"and {mart.name}.as_of_date = fct_portfolio_snapshots.as_of_date"
        )
