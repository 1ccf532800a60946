"""Build and publish some marts with their parents, in seconds, and read them."""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.rows import dict_row

from flows.dbt.manifest_cache import keep_parsed_project, read_parsed_project
from flows.dbt.runner import run_plainly
from flows.environment import prepare_environment
from flows.pipeline.publish import PUBLISH
from flows.pipeline.window import begin_publication, build_settings, fix_known_at, plan_window
from warehouse.connections import Warehouse

Rows = list[dict[str, Any]]


def build(warehouse: Warehouse, *, selected: Sequence[str], is_tested: bool) -> None:
    """Build the selected models and publish them, as the nightly flow does for all models."""
    with warehouse.connect_writer(autocommit=True) as connection:
        window = plan_window(connection, known_at=fix_known_at(connection))
        assert window is not None
        settings = build_settings(window, begin_publication(connection, window))
        prepare_environment(warehouse)
        project = read_parsed_project(warehouse)
        run_plainly(
            warehouse,
            "build",
            settings=settings,
            manifest=project.manifest,
            options=[
                *("--select", *selected, "--indirect-selection", "buildable"),
                *("--exclude-resource-type", "unit_test", "exposure", *(() if is_tested else ("test",))),
            ],
            on_progress=lambda *_: None,
        )
        if project.manifest is None:
            keep_parsed_project(warehouse, project)
        values = settings | {"market_from_date": settings["from_date"]}
        values |= {"dbt_invocation_id": None, "git_revision": None}
        connection.execute(PUBLISH.encode(), values | {"tests_passed": 0, "tests_warned": 0, "cause": None})


def read_rows(warehouse: Warehouse, statement: str) -> Rows:
    with psycopg.connect(warehouse.analyst_url, row_factory=dict_row) as connection:
        return connection.execute(statement.encode()).fetchall()
