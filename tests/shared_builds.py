"""Warehouses shared by all processes of a test run: each is built once, by the first process that needs it.

The built warehouses themselves have no connections: each process gets a copy, in which its tests can write
and clean up independently.
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
from tests.servers.given_server import settings_of
from warehouse.connections import Warehouse, open_warehouse
from warehouse.embedded import running_embedded
from warehouse.settings import Settings

Build = Callable[[Warehouse], str]


class Built(NamedTuple):
    """A built warehouse, and the output of the command."""

    warehouse: Warehouse
    output: str


@dataclass(frozen=True)
class SharedBuilds:
    """The builds of a run. folder: shared by its processes. home: of this process, on the run's server."""

    folder: Path
    home: Path

    def copy(self, name: str, build: Build) -> Built:
        """A copy, for this process, of an empty warehouse after `build`."""
        template = settings_of(self.home, f"built_{name}")
        output = self.folder / f"{name}.txt"
        with locked(self.folder / f"{name}.lock"):
            warehouse = open_warehouse(template)
            if not output.exists():
                text = build(warehouse)
                self._share_parsed_project()
                output.write_text(text)
            self._take_parsed_project()
            return Built(copy_of(warehouse, name), output.read_text())

    def _share_parsed_project(self) -> None:
        if not (self.folder / "dbt").exists():
            draft = self.folder / f"dbt.{PROCESS}"
            shutil.copytree(self._parsed_project, draft)
            draft.rename(self.folder / "dbt")

    def _take_parsed_project(self) -> None:
        """Reuse the parsed project of the first build: parsing takes as long as a small build."""
        if not self._parsed_project.exists() and (self.folder / "dbt").exists():
            shutil.copytree(self.folder / "dbt", self._parsed_project)

    @property
    def _parsed_project(self) -> Path:
        return self.home / ".warehouse" / "dbt"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process of the run at a time; the kernel releases the lock of a killed one."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def join_server(run_home: Path, home: Path) -> None:
    """Put a home's warehouse on the run's server, which the first process starts.

    Only the server is shared: each process has its own files of dbt, logs and commands.
    """
    with locked(run_home / "server.lock"):
        if running_embedded(run_home / ".warehouse") is None:
            _start(run_home)
    shared, own = run_home / ".warehouse", home / ".warehouse"
    own.mkdir()
    (own / "pgdata").symlink_to(shared / "pgdata")
    shutil.copy(shared / "analyst_password", own)


def _start(home: Path) -> None:
    warehouse = open_warehouse(Settings(sigmasight_home=home))
    with psycopg.connect(warehouse.admin_url, autocommit=True) as connection:
        # the files are temporary: losing them in a crash is acceptable
        connection.execute("alter system set fsync = off")
        connection.execute("select pg_reload_conf()")
