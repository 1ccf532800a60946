"""Upgrade a warehouse of an older version to this version's layout; publications and history are kept.

Each change of layout is a file in warehouse/sql/upgrades, numbered by the layout that it produces. It runs
once, in one transaction with its record. Then a build without dates creates the readers' views. A step that
changes the method requests a build of all of history, which is published with its restatements.
"""

from flows.console import say
from flows.database import Connection, value
from flows.dbt.manifest_cache import read_parsed_project
from flows.errors import OldLayoutError
from flows.pipeline.engine import PlainEngine
from flows.pipeline.layout import read_version
from flows.pipeline.lock import build_lock, process_name
from flows.pipeline.nightly import nightly
from flows.pipeline.reader_views import make_views
from warehouse.code_version import upgrade_steps
from warehouse.connections import Warehouse, reset_roles

IS_REBUILD_REQUESTED = "select exists (select from ops.rebuilds where publication_id is null)"


def upgrade_warehouse(warehouse: Warehouse) -> bool:
    """Apply the missing steps and create the readers' views; whether anything had to be done.

    An upgrade that failed after its steps is resumed. Settings that a role changed for itself are undone.
    Raises SigmaSightError.
    """
    reset_roles(warehouse)
    with (
        build_lock(warehouse, "upgrade", any_layout=True),
        warehouse.connect_writer(application_name=process_name("upgrade")) as connection,
    ):
        state = read_version(connection)
        if state.is_newer:
            raise OldLayoutError(str(state.sentence))
        missing = {number: path for number, path in upgrade_steps().items() if number > state.layout}
        for number, path in missing.items():
            with connection.transaction():
                connection.execute(path.read_text().encode())
                connection.execute("insert into ops.layouts (layout) values (%s)", [number])
            say("upgraded", f"layout {number}: {path.stem[4:].replace('_', ' ')}")
        connection.commit()
        is_due = bool(missing) or _has_other_views(warehouse, connection)
        connection.commit()
        if is_due:
            make_views(warehouse, connection)
    return is_due


def publish_requested(warehouse: Warehouse) -> bool:
    """Build and publish the history that an upgrade requested; whether there was a request.

    Later dates and newer loads are included, as in a nightly run. Raises SigmaSightError.
    """
    with warehouse.connect_writer(application_name=process_name("upgrade"), autocommit=True) as connection:
        if not value(connection, IS_REBUILD_REQUESTED):
            return False
    nightly(warehouse, PlainEngine(), force=True)
    return True


def _has_other_views(warehouse: Warehouse, connection: Connection) -> bool:
    """Whether the published marts are read through views of another version."""
    is_published = bool(value(connection, "select exists (select from ops.publications)"))
    return is_published and not read_parsed_project(warehouse).is_built_in(connection)
