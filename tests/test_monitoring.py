"""The alert rules and the Grafana board: they parse, and name only metrics that /metrics exports."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient

from api.app import create_app
from flows.alarms.watches.all_watches import WATCHES
from warehouse.connections import Warehouse
from warehouse.settings import project_root

FOLDER = project_root() / "docs" / "monitoring"
RULES, BOARD = FOLDER / "alerts.yml", FOLDER / "grafana.json"
ALARMS = (project_root() / "docs" / "alarms.md").read_text()
OF_PROMETHEUS = {"up"}
WORDS = re.compile(r"\b[a-z_:][a-z0-9_:]*\b(?!\s*\()")
LABELS = re.compile(r"\{[^}]*\}|\bby \([^)]*\)|\[[^\]]*\]")
OPERATORS = {"and", "or", "unless", "by", "job", "le", "e"}


@pytest.fixture(scope="module")
def exported(module_warehouse: Warehouse) -> set[str]:
    """The names of the samples on /metrics, after a request and with an open incident."""
    with module_warehouse.connect_writer() as connection:
        connection.execute(
            "insert into ops.incidents (kind, severity, summary) values ('night_failed', 'critical', 'x')"
        )
    with TestClient(create_app(module_warehouse.settings)) as client:
        client.get("/api/v1/health")
        text = client.get("/metrics").text
    declared = re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE)
    samples = set(re.findall(r"^(\w+)(?:\{| )", text, re.MULTILINE))
    return samples | {name for name, kind in declared if kind == "gauge"}


def named(expression: str) -> set[str]:
    """The metrics that an expression of PromQL reads."""
    return {word for word in WORDS.findall(LABELS.sub(" ", expression)) if word not in OPERATORS}


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return list(json.loads(BOARD.read_text())["panels"])


def test_the_names_in_an_expression_are_found() -> None:
    expression = 'sum by (le) (rate(a_total{status=~"5.."}[10m])) / min_over_time(b[4h]) > 0.5 and c == 1'
    assert named(expression) == {"a_total", "b", "c"}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_a_rule_reads_what_is_exported_and_says_what_to_do(rule: dict[str, Any], exported: set[str]) -> None:
    assert named(rule["expr"])
    assert named(rule["expr"]) - OF_PROMETHEUS - exported == set()
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"].keys() == {"summary", "description"}
    assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m"))


def test_every_rule_is_described() -> None:
    assert {rule["alert"] for rule in rules()} == set(re.findall(r"`(SigmaSight\w+)`", ALARMS))


def test_the_board_reads_what_is_exported(exported: set[str]) -> None:
    expressions = [target["expr"] for panel in panels() for target in panel["targets"]]
    read = set().union(*map(named, expressions))
    assert read - exported == set()
    of_the_warehouse = {name for name in exported if re.match("sigmasight_(?!http|database|chat)", name)}
    assert of_the_warehouse - read == set(), "a metric of the warehouse that the board does not show"


def test_the_panels_of_the_board_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_every_kind_of_incident_is_described_with_its_level() -> None:
    described = dict(re.findall(r"^\| `(\w+)` \| (warning|critical) \|", ALARMS, re.MULTILINE))
    watched = {watch.kind: watch.severity for watch in WATCHES}
    assert described == {**watched, "warehouse_unreachable": "critical"}


def test_every_metric_of_the_warehouse_is_described(exported: set[str]) -> None:
    of_the_warehouse = {name for name in exported if re.match("sigmasight_(?!http|database|chat)", name)}
    assert of_the_warehouse == set(re.findall(r"^\| `(sigmasight_\w+)` \|", ALARMS, re.MULTILINE))


def test_the_files_are_where_the_page_says() -> None:
    links = re.findall(r"\]\((monitoring/[\w.]+)\)", ALARMS)
    assert {(Path("docs") / link).name for link in links} == {RULES.name, BOARD.name}
