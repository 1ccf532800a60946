"""Shared fixtures: real warehouses on an embedded server for the test run, removed at the end.

The processes of a run (`pytest -n 3`) share the server and the large builds; each has its own databases.

warehouse         one for the whole process, for tests that only read or that clean up after themselves
empty_warehouse   a new database per test, copied from a template in a fraction of a second
emptied_warehouse the same, but one database for the whole process, emptied after each test: faster
module_warehouse  a new database per module, for tests that load once and query often
demo              the demonstration as of THEN, built and published once for the whole run: simulated prices
market            the demo portfolios on real prices; skips if they are missing
market_then       the same with data up to THEN

Tests do not depend on the developer's environment: the variable of every setting is unset first.
"""

import gc
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from threadpoolctl import threadpool_limits

from flows.maintenance.backup import restore_backup, write_backup
from tests import examples  # noqa: F401 - registers hypothesis profiles before one is chosen
from tests.database_copies import PROCESS, copy_of, drop
from tests.emptying import ReusedWarehouse
from tests.password_cost import hash_cheaply, hash_demo_users_cheaply
from tests.servers.given_server import is_given, remove_databases, settings_of
from tests.shared_builds import Built, SharedBuilds, join_server
from warehouse.connections import Warehouse, open_warehouse
from warehouse.embedded_host import run
from warehouse.settings import Settings, project_root

TEMPLATE = "sigmasight_template"
PROGRAM = Path(sys.executable).with_name("sigmasight")
TEMPORARY = Path("/tmp")  # noqa: S108 - short: the path of a unix socket is limited to about 100 bytes
HOME_PREFIX = "sg-test-"
REAL_PRICES = {"market", "market_then"}
RUN_HOME = pytest.StashKey[Path]()
# The session up to which most tests build the demo: the hedge fund's options are still open, splits have not
# happened yet, and the build takes half the time.
THEN = date(2025, 9, 12)
LONG_BEFORE_THEN = date(2023, 6, 1)


def pytest_configure(config: pytest.Config) -> None:
    # a shell ignores Ctrl-C for background processes and their children
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)
    os.environ["MODEL_PROCESSES"] = "1"  # the tests themselves run in as many processes as there are cores
    threadpool_limits(1, user_api="blas")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # of SciPy, which is loaded later
    # tests ask as fast as they can; those of the limits set them
    os.environ.update(API_REQUESTS_PER_MINUTE="1000000", API_ANONYMOUS_REQUESTS_PER_MINUTE="1000000")
    os.environ["API_REQUESTS_AT_ONCE"] = "1000"
    hash_cheaply()
    gc.disable()  # until the tests are collected, which takes half as long
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        del os.environ[name]
    if hasattr(config, "workerinput"):
        config.stash[RUN_HOME] = Path(config.workerinput["run_home"])
    else:
        _remove_homes_of_killed_runs()
        config.stash[RUN_HOME] = _new_home()
        remove_databases()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Pass the run's shared folder to a worker process of `pytest -n 3`."""
    node.workerinput["run_home"] = str(node.config.stash[RUN_HOME])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server of the run, after all its processes."""
    if not hasattr(config, "workerinput"):
        _remove_home(config.stash[RUN_HOME])
        remove_databases()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests on real prices as long; run files with builds first, so that no core is idle at the end.

    While one process builds the demonstration for the first of them, the others run files without it.
    """
    for item in items:
        names = getattr(item, "fixturenames", ())
        if REAL_PRICES & {*names} or re.search(r"[\[-](real|market)[\]-]", item.nodeid):
            item.add_marker(pytest.mark.long)
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    on_demo = {item.path for item in items if "demo" in getattr(item, "fixturenames", ())}
    first = next((item.path for item in items if item.path in slow & on_demo), None)
    items.sort(key=lambda item: (item.path != first, item.path not in slow, item.path in slow & on_demo))


def pytest_collection_finish() -> None:
    """Leave the collected tests, which live to the end, out of garbage collections."""
    gc.freeze()
    gc.enable()


def _new_home() -> Path:
    return Path(tempfile.mkdtemp(prefix=f"{HOME_PREFIX}{os.getpid()}-", dir=TEMPORARY))


def _remove_home(home: Path) -> None:
    data = home / ".warehouse" / "pgdata"
    if not data.is_symlink() and (data / "postmaster.pid").exists():
        run("pg_ctl", "stop", "-m", "immediate", "-w", data=data)  # no data is kept: no need for a checkpoint
    # thousands of files: nothing waits until they are gone
    subprocess.Popen(["/bin/rm", "-rf", str(home)], stderr=subprocess.DEVNULL, start_new_session=True)


def _remove_homes_of_killed_runs() -> None:
    for home in TEMPORARY.glob(f"{HOME_PREFIX}*"):
        owner = re.match(rf"{HOME_PREFIX}(\d+)-", home.name)
        if not owner or psutil.pid_exists(int(owner[1])):
            continue
        with suppress(FileNotFoundError):  # another run removes the same folders
            if home.stat().st_uid == os.geteuid():
                _remove_home(home)


@pytest.fixture(autouse=True, scope="module")
def _own_environment() -> Iterator[None]:
    """Restore the environment after each module: commands in this process set variables for dbt."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def make_home() -> Iterator[Callable[[], Path]]:
    """Create folders for embedded servers; at the end the servers are stopped and the folders removed."""
    homes: list[Path] = []

    def make() -> Path:
        homes.append(_new_home())
        return homes[-1]

    yield make
    for home in homes:
        _remove_home(home)


@pytest.fixture(scope="session")
def shared_home(make_home: Callable[[], Path], pytestconfig: pytest.Config) -> Path:
    """The home of this process, on the run's shared server. A test that stops its server needs another."""
    home = make_home()
    if not is_given():
        join_server(pytestconfig.stash[RUN_HOME], home)
    return home


@pytest.fixture
def move_to_own_server(make_home: Callable[[], Path], tmp_path: Path) -> Callable[[Warehouse], Warehouse]:
    """Copy a warehouse to its own server, for a test that stops the server."""

    def move(shared: Warehouse) -> Warehouse:
        path = tmp_path / "to move.backup"
        write_backup(shared, path)
        copy = open_warehouse(Settings(sigmasight_home=make_home()))
        shutil.copy(shared.settings.backup_key_file, copy.settings.backup_key_file)
        restore_backup(copy, path)
        return copy

    return move


@pytest.fixture(scope="session")
def warehouse(shared_home: Path) -> Warehouse:
    """Open a warehouse without data, shared by all tests of this process."""
    return open_warehouse(settings_of(shared_home, f"sigmasight_{PROCESS}"))


@pytest.fixture(scope="session")
def copy_warehouse(shared_home: Path) -> Callable[..., Warehouse]:
    """Create warehouses on the shared server, each in its own database: empty, or copies of another.

    The copied database must have no connections.
    """
    template = open_warehouse(settings_of(shared_home, TEMPLATE))
    numbers = count(1)

    def copy(base: Warehouse = template) -> Warehouse:
        return copy_of(base, f"sigmasight_{next(numbers)}")

    return copy


@pytest.fixture(scope="session")
def shared_builds(shared_home: Path, pytestconfig: pytest.Config) -> SharedBuilds:
    """Builds that are made once for all processes of the run."""
    return SharedBuilds(pytestconfig.stash[RUN_HOME], shared_home)


@pytest.fixture
def empty_warehouse(copy_warehouse: Callable[..., Warehouse]) -> Iterator[Warehouse]:
    """Open a warehouse without data, for this test only."""
    copied = copy_warehouse()
    yield copied
    drop(copied)


@pytest.fixture(scope="session")
def reused_warehouse(copy_warehouse: Callable[..., Warehouse]) -> ReusedWarehouse:
    """One database for the emptied warehouses of this process."""
    return ReusedWarehouse(copy_warehouse)


@pytest.fixture
def emptied_warehouse(reused_warehouse: ReusedWarehouse) -> Iterator[Warehouse]:
    """Open a warehouse without data, emptied after this test; only for tests that need no chat's database."""
    yield reused_warehouse.take()
    reused_warehouse.give_back()


@pytest.fixture(scope="module")
def module_warehouse(copy_warehouse: Callable[..., Warehouse]) -> Iterator[Warehouse]:
    """Open a warehouse without data, for this module only."""
    copied = copy_warehouse()
    yield copied
    drop(copied)


def _run_demo(warehouse: Warehouse, *options: str) -> str:
    """Build the demonstration from the command line, as a user does; its output."""
    done = subprocess.run(
        [PROGRAM, "demo", *options],
        env={**os.environ, **warehouse.settings.as_environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    hash_demo_users_cheaply(warehouse)
    return done.stdout


@pytest.fixture(scope="session")
def demo_run(shared_builds: SharedBuilds) -> Built:
    """The demonstration, and the output of its build."""
    return shared_builds.copy("demo", lambda warehouse: _run_demo(warehouse, "--until", str(THEN)))


@pytest.fixture(scope="session")
def demo(demo_run: Built) -> Warehouse:
    """The demonstration; tests only read it, or clean up after themselves."""
    return demo_run.warehouse


@pytest.fixture(scope="session")
def full_demo_run(shared_builds: SharedBuilds) -> Built:
    """The demonstration as a user gets it, to the end of 2025 with six portfolios."""
    return shared_builds.copy("full_demo", _run_demo)


@pytest.fixture(scope="session")
def market_folder() -> Path:
    """Real market data, which are private and optional, in a folder outside the project."""
    folder = Path(os.environ.get("SIGMASIGHT_TEST_MARKET", project_root().parent / "shared/data/market"))
    if not (folder / "prices.csv").exists():
        pytest.skip(f"no real market data in {folder}: set SIGMASIGHT_TEST_MARKET to their folder")
    return folder


@pytest.fixture(scope="session")
def market(market_folder: Path, shared_builds: SharedBuilds) -> Warehouse:
    """The demo portfolios on real prices."""
    real = ("--source", "files", "--prices", str(market_folder))
    return shared_builds.copy("market", lambda warehouse: _run_demo(warehouse, *real)).warehouse


@pytest.fixture(scope="session")
def market_then(
    market_folder: Path, shared_builds: SharedBuilds, tmp_path_factory: pytest.TempPathFactory
) -> Warehouse:
    """The same on real prices up to the close of THEN, without the distant past."""
    folder = tmp_path_factory.mktemp("then")
    for name, column in (("prices", "date"), ("rates", "date"), ("corporate_actions", "ex_date")):
        rows = pd.read_csv(market_folder / f"{name}.csv", dtype=str, keep_default_na=False)
        is_known = rows[column].between(LONG_BEFORE_THEN.isoformat(), THEN.isoformat())
        rows[is_known].to_csv(folder / f"{name}.csv", index=False)
    # no profiles: those of the folder are later, and their yields and betas must not be visible before that
    known = ("--source", "files", "--prices", str(folder), "--until", str(THEN))
    return shared_builds.copy("market_then", lambda warehouse: _run_demo(warehouse, *known)).warehouse
