"""Bring a warehouse of an older version to the layout of this one; publications and history stay.

Each change of layout is a file of warehouse/sql/upgrades, numbered by the layout that it leads to, and runs
once, in one transaction with its record. Then a build of no date makes the readers' views.
"""

from datetime import date

from flows.console import end_progress, say, show_progress
from flows.database import Connection, value
from flows.dbt.manifest_cache import project_build, read_parsed_project
from flows.dbt.runner import run_plainly
from flows.environment import prepare_environment
from flows.pipeline.layout import read_layout, upgrade_steps
from flows.pipeline.lock import build_lock, process_name
from warehouse.connections import Warehouse


def upgrade_warehouse(warehouse: Warehouse) -> bool:
    """Apply the steps that the warehouse lacks and make the readers' views; whether anything was due.

    An upgrade that failed after its steps is taken up again. Raises SigmaSightError.
    """
    with (
        build_lock(warehouse, "upgrade", any_layout=True),
        warehouse.connect_writer(application_name=process_name("upgrade")) as connection,
    ):
        layout = read_layout(connection)
        missing = {number: path for number, path in upgrade_steps().items() if number > layout}
        for number, path in missing.items():
            with connection.transaction():
                connection.execute(path.read_text().encode())
                connection.execute("insert into ops.layouts (layout) values (%s)", [number])
            say("upgraded", f"layout {number}: {path.stem[4:].replace('_', ' ')}")
        connection.commit()
        is_due = bool(missing) or _has_other_views(warehouse, connection)
        last = value(connection, "select coalesce(max(as_of_date), current_date) from ops.publication_dates")
        connection.commit()
        if is_due:
            _make_views(warehouse, last)
    return is_due


def _has_other_views(warehouse: Warehouse, connection: Connection) -> bool:
    """Whether what is published is read through the views of another version."""
    is_published = bool(value(connection, "select exists (select from ops.publications)"))
    return is_published and not read_parsed_project(warehouse).stands_in(connection)


def _make_views(warehouse: Warehouse, last: date) -> None:
    """Build the project for no date at all: its views, functions and seeds, and tables without new rows."""
    prepare_environment(warehouse)
    nothing = {"first_date": date.max, "from_date": date.max, "to_date": last}
    settings = {name: day.isoformat() for name, day in nothing.items()}
    with project_build(warehouse, everything=True) as project:
        report = run_plainly(
            warehouse,
            "build",
            settings=settings,
            manifest=project.manifest,
            options=("--exclude-resource-type", "test", "unit_test"),
            on_progress=show_progress,
        )
    end_progress()
    say("built", f"{report.models_built} models for readers, without new rows", report.seconds)
