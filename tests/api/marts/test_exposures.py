"""dbt's exposures: written from what reads the marts, complete, and understood by dbt."""

import json
from pathlib import Path

import pytest

import api.reports.sections
from api.chat.tools.metrics import read_metrics
from api.marts.exposures import FOLDER, marts, read_exposures, rendered
from api.queries import query_files
from tests.api.page.reader import SCREENS
from warehouse.connections import Warehouse

NOT_EXPOSED = {
    "fct_loads": "for analysts and operators: it names the files of all users",
    "fct_restatement_summary": "for analysts: it counts what fct_restatements lists",
}
WITHOUT_MARTS = {
    "readable_marts": "the catalog",
    "batch_current": "the record of builds",
    "batch_history": "the record of builds",
    "last_build": "the record of builds",
    "health_counts": "the tables of loads and builds",
    "set_published_at": "a setting",
    "written_position": "the position of the log",
    "replica_lag": "the position of the log",
}
"""Statements that read something else; those of the folder auth read users and sessions."""


def test_the_files_are_those_of_the_statements() -> None:
    written = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.yml")}
    assert written == rendered(), "run `python -m api.marts.exposures`"


def test_every_mart_is_read_or_has_a_reason() -> None:
    read = {mart for exposure in read_exposures() for mart in exposure.marts}
    assert marts() - read == set(NOT_EXPOSED)


def test_no_statement_screen_section_or_metric_is_missing() -> None:
    names = {exposure.name for exposure in read_exposures()}
    statements = {
        f"api_{name}"
        for name, path in query_files().items()
        if not name.startswith("report_") and path.parent.name != "auth" and name not in WITHOUT_MARTS
    }
    metrics = {f"chat_{name}" for name in read_metrics()}
    folder = Path(api.reports.sections.__file__).parent
    sections = {f"report_{path.stem}" for path in folder.glob("[!_]*.py")} - {"report_method"}
    screens = {f"page_{name}" for name in ("portfolios", *SCREENS)} - {"page_chat"}
    assert names == statements | metrics | sections | screens


@pytest.mark.slow
def test_dbt_knows_them_with_their_marts(demo: Warehouse) -> None:
    manifest = json.loads((demo.settings.warehouse_folder / "dbt" / "manifest.json").read_text("utf-8"))
    found = {
        one["name"]: {node.split(".")[-1] for node in one["depends_on"]["nodes"]}
        for one in manifest["exposures"].values()
    }
    assert found == {exposure.name: set(exposure.marts) for exposure in read_exposures()}
