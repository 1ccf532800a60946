"""The layout of the tables that builds fill, and whether it is that of this version."""

from pathlib import Path

from flows.database import Connection, value
from flows.errors import OldLayoutError
from warehouse.bootstrap import SQL_FOLDER

LAYOUT = "select coalesce(max(layout), 1) from ops.layouts"


def upgrade_steps() -> dict[int, Path]:
    """The files that lead from each layout to the next, by the layout that they lead to."""
    return {int(path.name[:3]): path for path in sorted((SQL_FOLDER / "upgrades").glob("[0-9]*.sql"))}


def read_layout(connection: Connection) -> int:
    """The layout of this warehouse."""
    return int(value(connection, LAYOUT))


def check_layout(connection: Connection) -> None:
    """Raise OldLayoutError, naming the command that helps, where an older version laid the warehouse out."""
    layout, newest = read_layout(connection), max(upgrade_steps())
    if layout < newest:
        raise OldLayoutError(
            f"An older version laid this warehouse out (layout {layout}), this one builds layout {newest}: "
            "run `sigmasight upgrade`, which keeps publications and history. Until then readers are served "
            "as before."
        )
