"""Folders of the warehouse's files: open to their owner only, whatever the umask."""

import logging
import os
import stat
from contextlib import suppress
from pathlib import Path

from warehouse.errors import ForeignFolderError

logger = logging.getLogger(__name__)

PRIVATE = 0o700
READABLE = 0o755
PASSABLE = stat.S_IXGRP  # for the group of the embedded server's user, if that is not our own


def make_private(folder: Path) -> None:
    """Create a folder and its missing parents, and close the folder itself to other users.

    In a parent that is created only its owner can write: others could put a folder of theirs in its place.
    The group may keep the right to pass through: see embedded_host.open_to_server_user.
    """
    _make(folder)
    _close(folder)


def make_warehouse(folder: Path) -> None:
    """Like make_own, in a home: its owner may have made it, for whom root works there."""
    home = folder.parent
    make_own(folder, *([home.stat().st_uid] if home.exists() else ()))


def make_own(folder: Path, *owners: int) -> None:
    """Like make_private, where others may write too and know the name. Raises ForeignFolderError.

    Who owns a folder replaces what is in it, and who holds a lock on it keeps others waiting; a link leads
    elsewhere. Root could do that anyway. owners: user ids that may own it too.
    """
    refuse_foreign(folder, *owners)
    _make(folder)
    refuse_foreign(folder, *owners)  # somebody may have been faster
    _close(folder)


def refuse_foreign(folder: Path, *owners: int) -> None:
    """Raise ForeignFolderError where another user made the folder, or a link in its place, if it is there."""
    with suppress(FileNotFoundError):
        if folder.lstat().st_uid not in {os.geteuid(), 0, *owners}:
            raise ForeignFolderError(
                f"{folder} was made by another user of this machine: remove it, or name a folder in which "
                "nobody else may write."
            )


def _make(folder: Path) -> None:
    """Create a folder and its missing parents."""
    for parent in reversed(folder.parents):
        if not parent.exists():
            parent.mkdir(mode=READABLE, exist_ok=True)
    folder.mkdir(mode=PRIVATE, exist_ok=True)


def _close(folder: Path) -> None:
    """Close a folder of ours to other users."""
    status = folder.stat()
    mode = stat.S_IMODE(status.st_mode)
    closed = (mode & (stat.S_IRWXU | PASSABLE)) | PRIVATE
    if mode != closed and status.st_uid == os.geteuid():
        logger.info("Closing %s to other users: mode %03o instead of %03o", folder, closed, mode)
        folder.chmod(closed)
