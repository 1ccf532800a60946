"""Damage to files: what disks, copies and full file systems do to them."""

from collections.abc import Callable
from pathlib import Path
from random import Random

BLOCK = 4096


def emptied(path: Path, _: Random) -> None:
    """No bytes are left."""
    path.write_bytes(b"")


def cut(path: Path, rng: Random) -> None:
    """The end is missing."""
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content))] if content else b"")


def overwritten(path: Path, rng: Random) -> None:
    """Random bytes of the same length."""
    path.write_bytes(rng.randbytes(path.stat().st_size))


def zeroed_block(path: Path, rng: Random) -> None:
    """A block of zeros in the middle."""
    content = bytearray(path.read_bytes())
    place = rng.randrange(max(1, len(content) - BLOCK))
    size = min(BLOCK, len(content) - place)
    content[place : place + size] = bytes(size)
    path.write_bytes(content)


def flipped_bit(path: Path, rng: Random) -> None:
    """One bit is another."""
    content = bytearray(path.read_bytes())
    if content:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path, Random], None]] = {
    "emptied": emptied,
    "cut": cut,
    "overwritten": overwritten,
    "zeroed block": zeroed_block,
    "flipped bit": flipped_bit,
}
