"""The layout version of the tables that builds fill, and the check that it is current."""

from pathlib import Path

from flows.database import Connection, value
from flows.errors import OldLayoutError
from warehouse.bootstrap import SQL_FOLDER

LAYOUT = "select coalesce(max(layout), 1) from ops.layouts"


def upgrade_steps() -> dict[int, Path]:
    """The upgrade scripts, by the layout that each produces."""
    return {int(path.name[:3]): path for path in sorted((SQL_FOLDER / "upgrades").glob("[0-9]*.sql"))}


def read_layout(connection: Connection) -> int:
    """The layout version of this warehouse."""
    return int(value(connection, LAYOUT))


def check_layout(connection: Connection) -> None:
    """Raise OldLayoutError, naming the command to run, if the layout is older than this version's."""
    layout, newest = read_layout(connection), max(upgrade_steps())
    if layout < newest:
        raise OldLayoutError(
            f"This warehouse has the layout of an older version (layout {layout}, now {newest}): run "
            "`sigmasight upgrade`, which keeps publications and history. Until then readers are served "
            "as before."
        )
