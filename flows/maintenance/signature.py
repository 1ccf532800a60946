"""The signature of a backup: its last line, an HMAC over everything before it.

A restore runs what is in the file, so the file must come from somebody who holds the key of this home.
pg_restore ignores what follows the archive.
"""

import hashlib
import hmac
import os
import re
from pathlib import Path
from typing import IO

from warehouse.kept_secrets import kept_secret
from warehouse.settings import SHORTEST_KEY, Settings

_BLOCK = 1 << 20
_LINE = re.compile(rb"\nSIGMASIGHT-HMAC-SHA256 ([0-9a-f]{64})\n")
_LENGTH = len("\nSIGMASIGHT-HMAC-SHA256 \n") + 64


def backup_key(settings: Settings) -> bytes:
    """BACKUP_KEY, or the key in the warehouse folder, generated at first use. Raises SettingsError."""
    if settings.backup_key is not None:
        return settings.backup_key.get_secret_value().encode()
    path = settings.backup_key_file
    return kept_secret(path, "The key of backups", shortest=SHORTEST_KEY, remedy="set BACKUP_KEY").encode()


def sign(path: Path, key: bytes) -> None:
    """Append the signature to a file."""
    with path.open("r+b") as file:
        digest = _digest(file, path.stat().st_size, key)
        file.seek(0, os.SEEK_END)
        file.write(b"\nSIGMASIGHT-HMAC-SHA256 " + digest.encode() + b"\n")


def is_signed(file: IO[bytes], key: bytes) -> bool:
    """Whether the file ends with the signature of this key over all of its content."""
    length = file.seek(0, os.SEEK_END) - _LENGTH
    if length < 0:
        return False
    file.seek(length)
    found = _LINE.fullmatch(file.read())
    return found is not None and hmac.compare_digest(found[1].decode(), _digest(file, length, key))


def _digest(file: IO[bytes], length: int, key: bytes) -> str:
    """The HMAC of the first bytes of a file."""
    made = hmac.new(key, digestmod=hashlib.sha256)
    file.seek(0)
    while length > 0 and (block := file.read(min(_BLOCK, length))):
        made.update(block)
        length -= len(block)
    return made.hexdigest()
