"""Where reports are written: a folder for each portfolio and session.

All files are written before the first one is replaced, and one process at a time writes a folder: nobody sees
half a file, and a full disk leaves the report that was there. A report names all positions: only who writes
it can read it, whatever the umask.
"""

import fcntl
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

from api.reports.errors import NotWrittenError
from api.reports.render.csv_files import is_report_file
from warehouse.kept_secrets import PRIVATE_FILE
from warehouse.private_folders import make_own, make_private


@dataclass(frozen=True)
class Written:
    """The files of a written report. replaced: whether files of an earlier one were there."""

    folder: Path
    files: tuple[str, ...]
    replaced: bool


def slugs_of(names: Mapping[UUID, str]) -> dict[UUID, str]:
    """A name for each portfolio's folder: portfolios whose names are too alike get a part of their id."""
    slugs = {key: slug_of(name) for key, name in names.items()}
    counts = list(slugs.values())
    return {
        key: slug if slug and counts.count(slug) == 1 else f"{slug or 'portfolio'}-{str(key)[:8]}"
        for key, slug in slugs.items()
    }


def slug_of(name: str) -> str:
    """The letters and digits of a name in small ASCII letters, joined by hyphens.

    >>> slug_of("Döring & Söhne, 2nd")
    'doring-sohne-2nd'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:100]


def folder_name(slug: str, as_of_date: date) -> str:
    """The name of a report's folder."""
    return f"{slug}_{as_of_date}"


def write_files(folder: Path, files: Mapping[str, bytes]) -> Written:
    """Write the files of a report into its folder; files of sections that it no longer has are removed.

    Raises ForeignFolderError, NotWrittenError.
    """
    if not folder.parent.exists():
        make_private(folder.parent)
    make_own(folder)
    with _locked(folder):
        before = {path.name for path in folder.iterdir()}
        _replace_all({folder / name: content for name, content in files.items()})
        if any(map(is_report_file, files)):
            for name in before - set(files):
                if is_report_file(name):
                    (folder / name).unlink()
    return Written(folder, tuple(files), bool(before & set(files)))


def _replace_all(files: Mapping[Path, bytes]) -> None:
    """Write drafts of all files, then give them their names. Drafts of a killed writer are overwritten."""
    drafts = {path: path.with_name(f".{path.name}.part") for path in files}
    try:
        for path, content in files.items():
            drafts[path].unlink(missing_ok=True)
            descriptor = os.open(drafts[path], os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(file.fileno(), PRIVATE_FILE)  # an umask may have taken the owner's bits
                file.write(content)
        for path, draft in drafts.items():
            draft.replace(path)
    except OSError as error:
        raise NotWrittenError(next(iter(files)).parent, error) from error
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One writer at a time; the kernel releases the lock of a killed one."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
