"""Secrets that are generated once and kept in a file that only its owner can read or replace."""

import os
import secrets
import stat
from collections.abc import Collection
from pathlib import Path

from warehouse.errors import SettingsError
from warehouse.private_folders import make_private

PRIVATE_FILE = 0o600
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
OTHERS_ANY = stat.S_IRWXG | stat.S_IRWXO


def kept_secret(
    path: Path, what: str, *, shortest: int, remedy: str, prefix: str = "", owners: Collection[int] = ()
) -> str:
    """Return the secret in the file, which is generated at first use.

    what: begins the sentences on it, such as "The key". shortest: characters without the prefix. remedy: what
    to do instead of keeping it there. owners: user ids that may own it too.

    Raises SettingsError if it cannot be stored, if another user owns the file or may write it, or if the
    secret is short: then it may have been planted.
    """
    try:
        if not os.path.lexists(path):
            _write_new_secret(path, prefix)
        secret = _read_own(path, what, remedy, {os.geteuid(), 0, *owners})
    except OSError as error:
        raise SettingsError(
            f"{what} cannot be stored in {path} ({error.strerror}): {remedy}, or make the folder writable."
        ) from error
    if not secret.startswith(prefix) or len(secret) - len(prefix) < shortest:
        raise SettingsError(
            f"{what} in {path} has fewer than {shortest} characters: remove the file, and a new one is "
            f"generated, or {remedy}."
        )
    return secret


def _read_own(path: Path, what: str, remedy: str, owners: set[int]) -> str:
    """The text of a file that is ours alone. Raises SettingsError for any other."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise SettingsError(f"{what} in {path} is not a plain file: remove it, or {remedy}.")
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW)) as file:
        status = os.fstat(file.fileno())
        if status.st_uid not in owners or status.st_mode & OTHERS_WRITE:
            raise SettingsError(
                f"{what} in {path} belongs to another user of this machine, or others may write it, so they "
                f"may know it: remove the file, and a new one is generated, or {remedy}."
            )
        if status.st_mode & OTHERS_ANY and status.st_uid == os.geteuid():
            os.fchmod(file.fileno(), PRIVATE_FILE)
        return file.read().strip()


def _write_new_secret(path: Path, prefix: str) -> None:
    """Write a secret to a temporary file, then link it: of two processes, the first one wins."""
    make_private(path.parent)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(file.fileno(), PRIVATE_FILE)  # an umask may have taken the owner's bits
        file.write(f"{prefix}{secrets.token_urlsafe(48)}")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first; its secret is used
    finally:
        draft.unlink()
