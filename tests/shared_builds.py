"""Warehouses that all processes of a test run read: each built once, by the process that needs it first.

Nobody connects to what was built: each process gets a copy, in which its tests may write and clean up without
the others noticing.
"""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psycopg

from tests.database_copies import PROCESS, copy_of
from warehouse.connections import Warehouse, open_warehouse
from warehouse.embedded import EmbeddedServer, running_embedded, start_embedded
from warehouse.settings import Settings
from warehouse.urls import make_url

Build = Callable[[Warehouse], str]


class Built(NamedTuple):
    """A warehouse in which something was built, and what the command said."""

    warehouse: Warehouse
    said: str


@dataclass(frozen=True)
class SharedBuilds:
    """The builds of a run. folder: where its processes meet. home: of this process, on the run's server."""

    folder: Path
    home: Path

    def copy(self, name: str, build: Build) -> Built:
        """A copy of what `build` makes of an empty warehouse, for this process."""
        template = Settings(sigmasight_home=self.home, warehouse_database=f"built_{name}")
        said = self.folder / f"{name}.txt"
        with locked(self.folder / f"{name}.lock"):
            warehouse = open_warehouse(template)
            if not said.exists():
                text = build(warehouse)
                self._share_parsed_project()
                said.write_text(text)
            self._take_parsed_project()
            return Built(copy_of(warehouse, name), said.read_text())

    def _share_parsed_project(self) -> None:
        if not (self.folder / "dbt").exists():
            draft = self.folder / f"dbt.{PROCESS}"
            shutil.copytree(self._parsed_project, draft)
            draft.rename(self.folder / "dbt")

    def _take_parsed_project(self) -> None:
        """What dbt parsed for the first build is good for all: parsing takes as long as a small build."""
        if not self._parsed_project.exists() and (self.folder / "dbt").exists():
            shutil.copytree(self.folder / "dbt", self._parsed_project)

    @property
    def _parsed_project(self) -> Path:
        return self.home / ".warehouse" / "dbt"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process of the run at a time; the kernel frees the lock of a killed one."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def join_server(run_home: Path, home: Path) -> None:
    """Have a home's warehouse be on the server of the run, which the first one starts.

    Only the server is shared: what dbt, the logs and the commands write beside it is each process's own.
    """
    with locked(run_home / "server.lock"):
        server = running_embedded(run_home / ".warehouse") or _start(run_home / ".warehouse")
    (home / ".warehouse").mkdir()
    (home / ".warehouse" / "pgdata").symlink_to(server.data)


def _start(folder: Path) -> EmbeddedServer:
    server = start_embedded(folder)
    url = make_url({"user": "postgres", "dbname": "postgres", "host": str(server.socket_folder)})
    with psycopg.connect(url, autocommit=True) as connection:
        # the files live for minutes; a crash of the machine may take them along
        connection.execute("alter system set fsync = off")
        connection.execute("select pg_reload_conf()")
    return server
