"""Folders of the warehouse's files: open to their owner only, whatever the umask."""

import logging
import os
import stat
from pathlib import Path

logger = logging.getLogger(__name__)

PRIVATE = 0o700
READABLE = 0o755
PASSABLE = stat.S_IXGRP  # for the group of the embedded server's user, if that is not our own


def make_private(folder: Path) -> None:
    """Create a folder and its missing parents, and close the folder itself to other users.

    In a parent that is created only its owner can write: others could put a folder of theirs in its place.
    The group may keep the right to pass through: see embedded_host.open_to_server_user.
    """
    for parent in reversed(folder.parents):
        if not parent.exists():
            parent.mkdir(mode=READABLE, exist_ok=True)
    folder.mkdir(mode=PRIVATE, exist_ok=True)
    status = folder.stat()
    mode = stat.S_IMODE(status.st_mode)
    closed = (mode & (stat.S_IRWXU | PASSABLE)) | PRIVATE
    if mode != closed and status.st_uid == os.geteuid():
        logger.info("Closing %s to other users: mode %03o instead of %03o", folder, closed, mode)
        folder.chmod(closed)
