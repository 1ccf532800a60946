"""Bring the views, functions and seeds of the marts to this version of the models, without new rows."""

from datetime import date

from flows.console import end_progress, say, show_progress
from flows.database import Connection, value
from flows.dbt.manifest_cache import project_build
from flows.dbt.runner import run_plainly
from flows.environment import prepare_environment
from flows.wording import many
from warehouse.connections import Warehouse

LAST_DATE = "select coalesce(max(as_of_date), current_date) from ops.publication_dates"


def make_views(warehouse: Warehouse, connection: Connection) -> None:
    """Build the project for no date. Requires the build lock. Raises BuildError."""
    last = value(connection, LAST_DATE)
    connection.commit()  # hold no snapshot while dbt alters tables
    prepare_environment(warehouse)
    nothing = {"first_date": date.max, "from_date": date.max, "to_date": last}
    settings = {name: day.isoformat() for name, day in nothing.items()}
    with project_build(warehouse, everything=True) as project:
        report = run_plainly(
            warehouse,
            "build",
            settings=settings,
            manifest=project.manifest,
            options=("--exclude-resource-type", "test", "unit_test", "exposure"),
            on_progress=show_progress,
        )
    end_progress()
    say("built", f"{many(report.models_built, 'model')} for readers, without new rows", report.seconds)
