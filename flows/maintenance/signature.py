"""The signature of a backup: its last line, an HMAC over everything before it.

A restore runs what is in the file, so the file must come from somebody who holds the key of this home.
pg_restore ignores what follows the archive.
"""

import hashlib
import hmac
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from flows.errors import BackupError
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


def sign(file: IO[bytes], key: bytes) -> None:
    """Append the signature to an open file."""
    made = hmac.new(key, digestmod=hashlib.sha256)
    for block in _blocks(file, file.seek(0, os.SEEK_END)):
        made.update(block)
    file.seek(0, os.SEEK_END)
    file.write(b"\nSIGMASIGHT-HMAC-SHA256 " + made.hexdigest().encode() + b"\n")
    file.flush()


@dataclass(frozen=True)
class ReadBackup:
    """A backup that was read once. What is read of it later is the same, whoever may write to the file.

    is_signed: whether it ends with the signature of the key over all of its content. digests: of its blocks.
    """

    file: IO[bytes]
    length: int
    digests: tuple[bytes, ...]
    is_signed: bool

    def blocks(self) -> Iterator[bytes]:
        """Read the content again. Raises BackupError when it is not what was read first."""
        blocks = _blocks(self.file, self.length)
        for known in self.digests:
            block = next(blocks, b"")
            if hashlib.sha256(block).digest() != known:
                raise BackupError(
                    "The file changed while it was restored, and nothing was changed: copy it to a folder in "
                    "which nobody else may write."
                )
            yield block


def read_backup(file: IO[bytes], key: bytes) -> ReadBackup:
    """Read an open backup, and compare its signature."""
    size = file.seek(0, os.SEEK_END)
    length = max(0, size - _LENGTH)
    file.seek(length)
    found = _LINE.fullmatch(file.read(_LENGTH))
    content = size if found is None else length
    made, digests = hmac.new(key, digestmod=hashlib.sha256), []
    for block in _blocks(file, content):
        made.update(block)
        digests.append(hashlib.sha256(block).digest())
    is_signed = found is not None and hmac.compare_digest(found[1].decode(), made.hexdigest())
    return ReadBackup(file, content, tuple(digests), is_signed)


def _blocks(file: IO[bytes], length: int) -> Iterator[bytes]:
    """The first bytes of a file, in blocks."""
    file.seek(0)
    while length > 0 and (block := file.read(min(_BLOCK, length))):
        yield block
        length -= len(block)
