"""A standby of the embedded server: a copy on the same machine that follows it, for those who only read.

It is a server of its own in a folder of its own, made by pg_basebackup and fed by streaming replication. It
has the same roles and passwords, shows a publication all at once as the first server does, and takes no
writes.
The first server keeps what the standby has not received yet, up to max_slot_wal_keep_size; beyond that the
standby has to be made again.
"""

import hashlib
import logging
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from warehouse import embedded_host as host
from warehouse.bootstrap import Connection
from warehouse.connections import Warehouse, connect
from warehouse.embedded import EmbeddedServer, running_embedded, server_lock, start_embedded, stop_embedded
from warehouse.errors import EmbeddedServerError
from warehouse.private_folders import make_own, make_private, refuse_foreign
from warehouse.urls import libpq_environment, make_url, url_parts

logger = logging.getLogger(__name__)

LOGIN = ("user", "password", "dbname")
MARK = "standby.signal"
"""PostgreSQL's own file: the server of this data folder is a standby."""

DRAFT = "pgdata-of-sigmasight-replica"
"""A copy that is not complete or is being deleted: a name that no data of others have."""

OURS = re.compile(r"^primary_slot_name = 'standby_[0-9a-f]{16}'$", re.MULTILINE)
"""What start_standby lets pg_basebackup write into postgresql.auto.conf."""


@dataclass(frozen=True)
class ReaderUrls:
    """How readers log in: at the standby, and at the first server while the standby does not answer."""

    api: str
    chat: str
    analyst: str


def start_standby(warehouse: Warehouse, folder: Path, port: int | None = None) -> EmbeddedServer:
    """Return the standby of `folder`; copy the embedded server the first time, and start it.

    port: of 127.0.0.1, for analysts' programs, as EMBEDDED_PORT. Raises EmbeddedServerError,
    ForeignFolderError.
    """
    folder = folder.expanduser().absolute()
    if not warehouse.is_embedded:
        raise EmbeddedServerError(
            "The server of DATABASE_URL is not ours: make its standby there, and name it in API_DATABASE_URL "
            "and ANALYST_DATABASE_URL."
        )
    if folder.resolve() == warehouse.settings.warehouse_folder:
        raise EmbeddedServerError(f"{folder} is the warehouse itself: name another folder.")
    make_own(folder)
    with _administrator(warehouse) as administrator:
        if not (folder / "pgdata" / "PG_VERSION").exists():
            _copy(warehouse, administrator, folder)
        _check(administrator, folder)
    return start_embedded(folder, port)


def stop_standby(folder: Path) -> bool:
    """Stop the standby; False when it was not running. Raises EmbeddedServerError, ForeignFolderError."""
    folder = folder.expanduser().absolute()
    refuse_foreign(folder)
    _refuse_others(folder)
    return stop_embedded(folder)


def remove_standby(warehouse: Warehouse, folder: Path) -> None:
    """Stop the standby, delete its files, and let the first server keep nothing for it any longer.

    Raises EmbeddedServerError, ForeignFolderError.
    """
    folder = folder.expanduser().absolute()
    refuse_foreign(folder)
    _refuse_others(folder)
    if (folder / "pgdata").exists() or (folder / DRAFT).exists():
        stop_embedded(folder)
        _delete(folder)
    with _administrator(warehouse) as administrator:
        _drop_slot(administrator, folder)


def _delete(folder: Path) -> None:
    """Delete what start_standby made, under the name of a draft: after a kill the next removal goes on."""
    draft, data = folder / DRAFT, folder / "pgdata"
    shutil.rmtree(draft, ignore_errors=True)
    if data.exists():
        data.rename(draft)
        shutil.rmtree(draft, ignore_errors=True)
    for name in ("lock", "stopped"):
        (folder / name).unlink(missing_ok=True)
    with suppress(OSError):  # other files are not ours
        folder.rmdir()


def reader_urls(warehouse: Warehouse, folder: Path) -> ReaderUrls:
    """The URLs for API_DATABASE_URL, CHAT_DATABASE_URL and ANALYST_DATABASE_URL.

    Raises EmbeddedServerError unless the standby runs, and ForeignFolderError: who owns the folder says where
    the passwords are sent.
    """
    folder = folder.expanduser().absolute()
    refuse_foreign(folder)
    server = running_embedded(folder)
    if server is None:
        raise EmbeddedServerError(f"No standby runs in {folder}: `sigmasight replica start {folder}` first.")
    first = url_parts(warehouse.admin_url)

    def url(login: str) -> str:
        known = url_parts(login)
        return make_url(
            {
                **{key: known[key] for key in LOGIN if key in known},
                # the standby first: some drivers take the first server that answers
                "host": f"{server.socket_folder},{first['host']}",
                "port": f"{host.DEFAULT_PORT},{first['port']}",
                "target_session_attrs": "prefer-standby",
            }
        )

    return ReaderUrls(url(warehouse.api_url), url(warehouse.chat_url), url(warehouse.analyst_url))


def _administrator(warehouse: Warehouse) -> Connection:
    return connect(warehouse.admin_url, application_name="sigmasight replica", autocommit=True)


def _copy(warehouse: Warehouse, administrator: Connection, folder: Path) -> None:
    """Copy the data folder under a temporary name, then rename it: a kill leaves no partial standby."""
    draft, data = folder / DRAFT, folder / "pgdata"
    try:
        host.open_to_server_user(folder)
        with server_lock(folder):
            shutil.rmtree(draft, ignore_errors=True)
            make_private(draft)
            host.give_to_server_user(draft)
            _drop_slot(administrator, folder)
            _back_up(warehouse, draft, _slot(folder))
            for name in ("log", "log.old"):
                (draft / name).unlink(missing_ok=True)
            if data.exists():
                data.rmdir()  # removes an empty folder only
            draft.rename(data)
    except OSError as error:
        raise host.failure(data, str(error)) from error


def _back_up(warehouse: Warehouse, draft: Path, slot: str) -> None:
    """Run pg_basebackup, which also writes how the standby reaches the first server (mode 600)."""
    login = url_parts(warehouse.admin_url)
    del login["dbname"]
    options = ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-password"]
    done = host.run(
        "pg_basebackup",
        *options,
        "--create-slot",
        f"--slot={slot}",
        data=draft,
        variables=libpq_environment(login),
    )
    if done.returncode != 0:
        raise EmbeddedServerError(
            f"The embedded server could not be copied to {draft}: {done.stderr.strip()}"
        )


def _check(administrator: Connection, folder: Path) -> None:
    """Raise EmbeddedServerError unless the first server still has what the standby lacks."""
    _refuse_others(folder)
    found = administrator.execute(
        "select wal_status from pg_catalog.pg_replication_slots where slot_name = %s", [_slot(folder)]
    ).fetchone()
    if found is None or found[0] in {"lost", "unreserved"}:
        raise EmbeddedServerError(
            f"The standby in {folder} fell behind by more than the first server keeps, or follows another "
            f"one: `sigmasight replica remove {folder}`, then start it again."
        )


def _refuse_others(folder: Path) -> None:
    """Raise EmbeddedServerError if the folder has data that are not those of a standby of ours."""
    data = folder / "pgdata"
    if data.exists() and any(data.iterdir()) and not _is_ours(data):
        raise EmbeddedServerError(
            f"What is in {data} is no standby of `sigmasight replica start`: name another folder."
        )


def _is_ours(data: Path) -> bool:
    with suppress(FileNotFoundError):
        return (data / MARK).exists() and OURS.search((data / "postgresql.auto.conf").read_text()) is not None
    return False


def _slot(folder: Path) -> str:
    """The first server's name for what it keeps for this standby."""
    return f"standby_{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"


def _drop_slot(administrator: Connection, folder: Path) -> None:
    with suppress(psycopg.errors.UndefinedObject):
        administrator.execute("select pg_catalog.pg_drop_replication_slot(%s)", [_slot(folder)])
