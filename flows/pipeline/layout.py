"""The check that a warehouse is of this version: the layout of its tables, and the models of its marts."""

import logging

from flows.database import Connection, row
from flows.errors import OldLayoutError
from warehouse.code_version import READ_STATE, VersionState, this_version

logger = logging.getLogger(__name__)


def read_version(connection: Connection) -> VersionState:
    """How this warehouse compares with the code."""
    version = this_version()
    return version.compare(*row(connection, READ_STATE, {"mark": version.mark}))


def check_layout(connection: Connection) -> None:
    """Raise OldLayoutError, naming the command to run, unless the layout is this version's."""
    state = read_version(connection)
    if state.layout != state.newest_layout:
        raise OldLayoutError(f"{state.sentence} Until then nothing is built.")


def check_readable(connection: Connection) -> None:
    """Raise OldLayoutError if figures were published in another layout; warn if the models changed.

    Queries of this version may find no table there, which would look as if nothing were published.
    """
    state = read_version(connection)
    if not state.is_published or state.is_current:
        return
    if state.layout != state.newest_layout:
        raise OldLayoutError(f"{state.sentence} Until then no figures are shown.")
    logger.warning("%s", state.sentence)
