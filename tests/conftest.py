"""What tests share: a real warehouse on an embedded server of its own, thrown away at the end.

warehouse         one for the whole run, for tests that only read or that clean up after themselves
empty_warehouse   a database of its own per test, copied from a template in a fraction of a second
module_warehouse  the same per module, for tests that load once and look often
demo              the demonstration, built and published once for the whole run: simulated prices
market            the demo portfolios on real prices; skips where those are absent
market_then       the same as it was known on the last session of the simulation

Nothing of the developer's environment reaches the tests: every setting's variable is unset first.
"""

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
from typing import Any, NamedTuple

import pandas as pd
import psutil
import psycopg
import pytest
from database_copies import copy_of, drop
from xdist.scheduler import LoadScopeScheduling

from warehouse.connections import Warehouse, open_warehouse
from warehouse.embedded_host import run
from warehouse.settings import Settings, project_root

TEMPLATE = "sigmasight_template"
PROGRAM = Path(sys.executable).with_name("sigmasight")
TEMPORARY = Path("/tmp")  # noqa: S108 - short: the path of a unix socket has at most some hundred bytes
HOME_PREFIX = "sg-test-"
ON_REAL_PRICES = {
    f"tests/dbt/test_{name}.py" for name in ("accounting", "betas", "engines", "simulation_ends")
}
# The last session of the simulation, and one on which options live and splits are still to come.
THEN = date(2025, 9, 12)
LONG_BEFORE_THEN = date(
    2024, 5, 1
)  # some sessions before the 273 that the engines look back on from the first day


def pytest_configure() -> None:
    # a shell that runs the tests in the background has them ignore Ctrl-C, and all they start with them
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        del os.environ[name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with builds first: one that comes last would keep one core busy and the other idle."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


class StayTogether(LoadScopeScheduling):  # type: ignore[misc]
    """A file stays with one worker, and so does all that needs builds on real prices: each is made once."""

    def _split_scope(self, nodeid: str) -> str:
        """The tests of one scope go to one worker."""
        file, _, test = nodeid.partition("::")
        is_real = file in ON_REAL_PRICES or re.search(r"[\[-]real[\]-]", test)
        return "real prices" if is_real else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> StayTogether:
    """For `pytest -n 2`."""
    return StayTogether(config, log)


def _remove_home(home: Path) -> None:
    data = home / ".warehouse" / "pgdata"
    if (data / "postmaster.pid").exists():  # nothing is kept: no need to wait for a checkpoint
        run("pg_ctl", "stop", "-m", "immediate", "-w", data=data)
    shutil.rmtree(home, ignore_errors=True)


def _remove_homes_of_killed_runs() -> None:
    for home in TEMPORARY.glob(f"{HOME_PREFIX}*"):
        owner = re.match(rf"{HOME_PREFIX}(\d+)-", home.name)
        if not owner or psutil.pid_exists(int(owner[1])):
            continue
        with suppress(FileNotFoundError):  # another worker of this run removes the same folders
            if home.stat().st_uid == os.geteuid():
                _remove_home(home)


@pytest.fixture(scope="session")
def make_home() -> Iterator[Callable[[], Path]]:
    """Make folders for an embedded server each; at the end each server is stopped, its folder removed."""
    _remove_homes_of_killed_runs()
    homes: list[Path] = []

    def make() -> Path:
        homes.append(Path(tempfile.mkdtemp(prefix=f"{HOME_PREFIX}{os.getpid()}-", dir=TEMPORARY)))
        return homes[-1]

    yield make
    for home in homes:
        _remove_home(home)


@pytest.fixture(scope="session")
def warehouse(make_home: Callable[[], Path]) -> Warehouse:
    """Open a warehouse without data, shared by the whole run."""
    opened = open_warehouse(Settings(sigmasight_home=make_home()))
    with psycopg.connect(opened.admin_url, autocommit=True) as connection:
        # the files live for minutes; a crash of the machine may take them along
        connection.execute("alter system set fsync = off")
        connection.execute("select pg_reload_conf()")
    return opened


@pytest.fixture(scope="session")
def copy_warehouse(warehouse: Warehouse) -> Callable[..., Warehouse]:
    """Make warehouses on the shared server, each a database of its own: without data, or copies of another.

    To the other, nobody may be connected.
    """
    home = warehouse.settings.sigmasight_home
    template = open_warehouse(Settings(sigmasight_home=home, warehouse_database=TEMPLATE))
    numbers = count(1)

    def copy(base: Warehouse = template) -> Warehouse:
        return copy_of(base, f"sigmasight_{next(numbers)}")

    return copy


@pytest.fixture
def empty_warehouse(copy_warehouse: Callable[..., Warehouse]) -> Iterator[Warehouse]:
    """Open a warehouse without data, for this test alone."""
    copied = copy_warehouse()
    yield copied
    drop(copied)


@pytest.fixture(scope="module")
def module_warehouse(copy_warehouse: Callable[..., Warehouse]) -> Iterator[Warehouse]:
    """Open a warehouse without data, for this module alone."""
    copied = copy_warehouse()
    yield copied
    drop(copied)


class DemoRun(NamedTuple):
    """A warehouse in which the demonstration was built, and what the command said."""

    warehouse: Warehouse
    said: str


def _run_demo(copied: Warehouse, *options: str) -> DemoRun:
    done = subprocess.run(
        [PROGRAM, "demo", *options],
        env={**os.environ, **copied.settings.as_environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return DemoRun(copied, done.stdout)


@pytest.fixture(scope="session")
def demo_run(copy_warehouse: Callable[..., Warehouse]) -> DemoRun:
    """Build the demonstration as a person does, by the command line."""
    return _run_demo(copy_warehouse())


@pytest.fixture(scope="session")
def demo(demo_run: DemoRun) -> Warehouse:
    """The demonstration, once for the whole run; tests only read it, or clean up."""
    return demo_run.warehouse


@pytest.fixture(scope="session")
def market_folder() -> Path:
    """Real market figures, which are private and lie beside the project, or not."""
    folder = Path(os.environ.get("SIGMASIGHT_TEST_MARKET", project_root().parent / "shared/data/market"))
    if not (folder / "prices.csv").exists():
        pytest.skip(f"no real market figures in {folder}: set SIGMASIGHT_TEST_MARKET to their folder")
    return folder


@pytest.fixture(scope="session")
def market(market_folder: Path, copy_warehouse: Callable[..., Warehouse]) -> Warehouse:
    """Build the demo portfolios on real prices."""
    return _run_demo(copy_warehouse(), "--source", "files", "--prices", str(market_folder)).warehouse


@pytest.fixture(scope="session")
def market_then(
    market_folder: Path, copy_warehouse: Callable[..., Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Warehouse:
    """Build on the files of real prices as they were at the close of THEN, long past left out."""
    folder = tmp_path_factory.mktemp("then")
    for name, column in (("prices", "date"), ("rates", "date"), ("corporate_actions", "ex_date")):
        rows = pd.read_csv(market_folder / f"{name}.csv", dtype=str, keep_default_na=False)
        is_known = rows[column].between(LONG_BEFORE_THEN.isoformat(), THEN.isoformat())
        rows[is_known].to_csv(folder / f"{name}.csv", index=False)
    # no profiles: those of the folder are of a later day, and their yields and betas must not show before it
    return _run_demo(copy_warehouse(), "--source", "files", "--prices", str(folder)).warehouse
