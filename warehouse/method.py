"""The parameters of the method, read from the variables and seeds of the dbt project."""

import csv
from datetime import date
from functools import cache
from statistics import NormalDist
from typing import Any

import yaml

from warehouse.settings import project_root

PROJECT = project_root() / "dbt_project"


@cache
def method_variables() -> dict[str, Any]:
    """The variables of dbt_project/dbt_project.yml by name: windows, minimums, thresholds."""
    text = (PROJECT / "dbt_project.yml").read_text("utf-8")
    variables: dict[str, Any] = yaml.safe_load(text)["vars"]
    return variables


def stressed_window() -> tuple[date, date]:
    """The first and last session of the fixed bad window of stressed value at risk."""
    first, last = (method_variables()[f"stressed_window_{end}"] for end in ("start", "end"))
    return date.fromisoformat(first), date.fromisoformat(last)


def significant_t() -> float:
    """The ratio of a beta to its standard error below which it does not differ from zero."""
    return NormalDist().inv_cdf(1 - method_variables()["significance_level"] / 2)


@cache
def factors() -> tuple[dict[str, str], ...]:
    """The rows of seeds/factors.csv: a model's factors, their proxies, windows and minimums."""
    return _seed("factors.csv")


@cache
def cash_symbols() -> frozenset[str]:
    """The symbols of seeds/cash_symbols.csv: cash and money-market funds."""
    return frozenset(row["symbol"] for row in _seed("cash_symbols.csv"))


@cache
def sector_proxies() -> frozenset[str]:
    """The symbols of seeds/benchmark_sector_proxies.csv: funds that stand for the sectors of a benchmark."""
    return frozenset(row["symbol"] for row in _seed("benchmark_sector_proxies.csv"))


@cache
def sector_names() -> dict[str, str]:
    """The sectors of seeds/benchmark_sector_weights.csv by their name and that in GICS, in lower case."""
    rows = _seed("benchmark_sector_weights.csv")
    return {row[name].lower(): row["sector"] for row in rows for name in ("sector", "gics_sector")}


def _seed(name: str) -> tuple[dict[str, str], ...]:
    with (PROJECT / "seeds" / name).open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))
