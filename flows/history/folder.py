"""A folder of exported marts and its manifest, which says which files belong to it.

    FOLDER/manifest.json
    FOLDER/fct_prices/2025-08.parquet

The manifest is replaced as a whole, after the files that it names: a file that it does not name is not read.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any, cast

import pyarrow.parquet as pq

from flows.errors import HistoryError
from warehouse.private_folders import make_own, refuse_foreign

MANIFEST = "manifest.json"
FORMAT = 1
DRAFT = ".part"
PRIVATE_FILE = 0o600  # the files hold every portfolio


@dataclass(frozen=True)
class Column:
    """A column: its type in PostgreSQL and in the Parquet file."""

    name: str
    type: str
    parquet: str


@dataclass(frozen=True)
class MonthFile:
    """A mart's month. publication: the one whose rows it holds; definition: a digest of the marts' views."""

    rows: int
    bytes: int
    sha256: str
    publication: int
    published_at: str
    definition: str

    @property
    def state(self) -> tuple[int, str, str]:
        """What the rows depend on; equal states have equal rows."""
        return self.publication, self.published_at, self.definition


@dataclass
class Mart:
    """Columns and months (YYYY-MM) of an exported mart."""

    columns: list[Column]
    months: dict[str, MonthFile]


Manifest = dict[str, Mart]


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder. Raises HistoryError."""
    path = folder / MANIFEST
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise HistoryError(f"{path} has format {document['format']!r}; this version reads {FORMAT}.")
        return {name: _mart(name, mart) for name, mart in document["marts"].items()}
    except FileNotFoundError:
        raise HistoryError(
            f"{folder} holds no exported history: `sigmasight history export` writes one."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HistoryError(
            f"{path} cannot be read ({type(error).__name__}: {error}): export into a new folder."
        ) from error


def _mart(name: str, document: dict[str, Any]) -> Mart:
    months = {month: MonthFile(**fields) for month, fields in document["months"].items()}
    if any(Path(part).name != part for part in (name, *months)):
        raise ValueError(f"{name} names a file elsewhere")
    return Mart([Column(**column) for column in document["columns"]], months)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest as a whole."""
    document = {"format": FORMAT, "marts": {name: asdict(manifest[name]) for name in sorted(manifest)}}
    draft = folder / f"{MANIFEST}{DRAFT}"
    with open_private(draft) as file:
        file.write(json.dumps(document, indent=1).encode() + b"\n")
        sync(file)
    draft.replace(folder / MANIFEST)
    _sync_folder(folder)


def file_of(folder: Path, mart: str, month: str) -> Path:
    return folder / mart / f"{month}.parquet"


def draft_of(folder: Path, mart: str, month: str) -> Path:
    return folder / mart / f"{month}.parquet{DRAFT}"


def open_private(path: Path) -> Any:
    """Open a new file for writing that only its owner can read."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "w+b")


def sync(file: Any) -> None:
    """Bring what was written to the disk."""
    file.flush()
    os.fsync(file.fileno())


def take_drafts(folder: Path, month: str, marts: list[str]) -> None:
    """Give the complete files of a month their names."""
    for mart in marts:
        draft_of(folder, mart, month).replace(file_of(folder, mart, month))
        _sync_folder(folder / mart)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def opened_for_export(folder: Path) -> Iterator[Manifest]:
    """Lock the folder, remove what a killed export left, and read its manifest: a new one is empty.

    Raises HistoryError for a folder with other contents, or one that another export writes, and
    ForeignFolderError.
    """
    refuse_foreign(folder)  # before anything in it is read: its manifest may be a pipe
    is_ours = (folder / MANIFEST).exists()
    if folder.is_dir() and not is_ours and any(entry.name[0] != "." for entry in folder.iterdir()):
        raise HistoryError(f"{folder} is not empty and holds no exported history: name another folder.")
    manifest = read_manifest(folder) if is_ours else {}
    make_own(folder)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HistoryError(f"Another export writes {folder}: wait until it has ended.") from None
        manifest = read_manifest(folder) if (folder / MANIFEST).exists() else manifest
        if not is_ours:
            write_manifest(folder, manifest)  # so that a folder of a killed first export is known as ours
        for left in folder.glob(f"*/*{DRAFT}"):
            left.unlink()
        yield manifest
    except OSError as error:
        raise HistoryError(
            f"The export could not be written to {folder} ({error.strerror or error}); the months that it "
            "has are whole. Make room, and run the command again: it continues."
        ) from error
    finally:
        os.close(descriptor)


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def differences(folder: Path, manifest: Manifest) -> Iterator[str]:
    """A sentence for each file that is missing, is another one than the manifest says, or is not in it."""
    for name, mart in manifest.items():
        for month, entry in mart.months.items():
            path = file_of(folder, name, month)
            if not path.exists():
                yield f"{path} is missing."
            elif digest(path) != entry.sha256:
                yield f"{path} is not the file that was exported: its SHA-256 differs."
            elif (rows := cast("int", pq.read_metadata(path).num_rows)) != entry.rows:
                yield f"{path} has {rows:,} rows, and the manifest says {entry.rows:,}."
    known = {file_of(folder, name, month) for name, mart in manifest.items() for month in mart.months}
    for path in sorted({*folder.glob("*/*.parquet")} - known):
        yield f"{path} is not in the manifest; no query reads it."
