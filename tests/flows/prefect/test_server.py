"""The Prefect server of the schedule: ready for the first request, stopped with its command."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest

from flows.errors import OrchestratorError
from flows.prefect.server import drop_unreadable_database, start_scheduling_server
from tests.flows.flow_helpers import wait_until
from warehouse.settings import Settings

STARTS_A_SERVER = """
import os, time
from pathlib import Path
from flows.prefect.server import start_scheduling_server
from warehouse.settings import Settings
start_scheduling_server(Settings(sigmasight_home=Path(os.environ["SIGMASIGHT_HOME"])), port=0)
print(os.environ["PREFECT_API_URL"], flush=True)
time.sleep(600)
"""


@contextmanager
def _parent_with_a_server(home: Path) -> Iterator[tuple[subprocess.Popen[str], str, psutil.Process]]:
    """A process that started a server, the URL of its API, and the server."""
    environment = {**os.environ, "SIGMASIGHT_HOME": str(home), "PREFECT_HOME": str(home / "prefect")}
    environment.pop("PREFECT_API_URL", None)
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_A_SERVER], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        (server,) = psutil.Process(parent.pid).children()
        yield parent, url, server


@pytest.mark.long
def test_server_answers_and_ends_with_a_killed_parent(tmp_path: Path) -> None:
    with _parent_with_a_server(tmp_path) as (parent, url, server):
        # immediately: the request waits in the socket until the server is ready
        with urllib.request.urlopen(f"{url}/health", timeout=120) as answer:  # noqa: S310 - our own server
            assert answer.read() == b"true"
        parent.send_signal(signal.SIGKILL)
        wait_until(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE, "it ends")


@pytest.mark.long
def test_a_killed_server_is_started_again(tmp_path: Path) -> None:
    # Silent failure prevented: a schedule that goes on without its server, and starts no night
    with _parent_with_a_server(tmp_path) as (parent, url, server):
        server.send_signal(signal.SIGKILL)
        wait_until(lambda: psutil.Process(parent.pid).children() not in ([], [server]), "another one runs")
        with urllib.request.urlopen(f"{url}/health", timeout=120) as answer:  # noqa: S310 - our own server
            assert answer.read() == b"true"
        parent.send_signal(signal.SIGKILL)


def test_a_named_server_is_used_without_starting_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    start_scheduling_server(Settings(sigmasight_home=tmp_path))
    assert os.environ["PREFECT_API_URL"] == "http://127.0.0.1:1/api"
    assert not (tmp_path / ".warehouse").exists()


def test_an_unreadable_database_is_set_aside_and_a_readable_one_kept(tmp_path: Path) -> None:
    # Silent failure prevented: a damaged history of runs that ends every later schedule
    path = tmp_path / "prefect.db"
    drop_unreadable_database(path)
    path.write_bytes(random.Random(7).randbytes(20_000))
    drop_unreadable_database(path)
    assert not path.exists()
    assert (tmp_path / "prefect.db.unreadable").stat().st_size == 20_000
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table kept (x)")
    drop_unreadable_database(path)
    assert path.exists()


def test_a_database_with_one_damaged_page_is_set_aside(tmp_path: Path) -> None:
    # Silent failure prevented: a file that opens, and fails every schedule that reads the damaged page
    path = tmp_path / "prefect.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table runs (name text primary key)")
        connection.executemany("insert into runs values (?)", [(f"run {n}" * 50,) for n in range(200)])
        connection.commit()
    content = bytearray(path.read_bytes())
    content[3 * 4096 : 4 * 4096] = bytes(4096)
    path.write_bytes(content)
    drop_unreadable_database(path)
    assert not path.exists()
    assert (tmp_path / "prefect.db.unreadable").exists()


def test_a_port_in_use_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr("flows.prefect.server.SCHEDULING_PORT", 1)  # not available to ordinary users
    monkeypatch.setattr("socket.create_server", _refuse)
    with pytest.raises(OrchestratorError, match=r"cannot listen on port 1 \(Address already in use\)"):
        start_scheduling_server(Settings(sigmasight_home=tmp_path))


def _refuse(*_arguments: object, **_options: object) -> None:
    raise OSError(98, "Address already in use")
