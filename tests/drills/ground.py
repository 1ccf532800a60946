"""The warehouses of the drills, in one temporary home: a small one before a night, and one after it.

The night brings one more session and corrects a close of five weeks earlier, so that it builds long enough to
run Python models in processes of their own.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

from ingestion.portfolios.users import add_user
from ingestion.statements.load import load_positions
from tests.database_copies import copy_of, drop
from tests.drills.comparison import Marts, read_marts
from tests.drills.expected import Expected, read_answers
from tests.drills.service import Service
from tests.flows.flow_helpers import (
    ENTRY_DATE,
    LAST_DATE,
    NEW_DATE,
    CommandLine,
    load_history,
    one,
    price_table,
    write_prices,
)
from warehouse.connections import Warehouse, open_warehouse, stop_warehouse
from warehouse.settings import Settings

OWNERS = ("jane@example.com", "john@example.com")
PASSWORD = "Drills-of-the-night-7"
PATIENCE_OF_A_NIGHT = 1800.0  # seconds, on a machine that does other work
CORRECTED_DATE = date(2025, 6, 5)
SECOND_POSITIONS = f"""\
Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment Subtype,Underlying Symbol,\
Strike Price,Expiration Date,Option Type,Exit Date,Exit Price Per Share
SPY,40,500,{ENTRY_DATE},PUBLIC,ETF,,,,,,
MSFT,30,400,{ENTRY_DATE},PUBLIC,STOCK,,,,,,
MSFT250919P00380000,-1,9,{ENTRY_DATE},OPTIONS,PUT,MSFT,380,2025-09-19,PUT,,
"""


def correction() -> pd.DataFrame:
    """What the night loads: the prices of NEW_DATE, and another close of AAPL on CORRECTED_DATE."""
    table = price_table()
    corrected = table[(table["date"] == np.datetime64(CORRECTED_DATE)) & (table["symbol"] == "AAPL")].copy()
    corrected["close"] += 1
    return pd.concat([corrected, table[table["date"] == np.datetime64(NEW_DATE)]])


@dataclass(frozen=True)
class Ground:
    """base: before the night; it has no connections. undisturbed: after it. expected: the API's answers.

    night_seconds: how long the undisturbed night took.
    """

    home: Path
    base: Warehouse
    undisturbed: Warehouse
    expected: Expected
    night_seconds: float

    @property
    def night(self) -> tuple[str, ...]:
        """The arguments of the night."""
        return night_from(self.home / "news")

    @property
    def base_publication(self) -> int:
        """The publication before the night."""
        return self.expected.base_publication

    @cached_property
    def marts(self) -> Marts:
        """Every mart of the undisturbed warehouse."""
        return read_marts(self.undisturbed)


def night_from(folder: Path) -> tuple[str, ...]:
    """The arguments of a night that loads the files of a folder."""
    return ("nightly", "--force", "--source", "files", "--prices", str(folder))


def succeed(command: CommandLine, *arguments: str) -> None:
    """Run a command that must succeed. Raises RuntimeError."""
    with command.start(*arguments) as process:
        out, err = process.communicate(timeout=PATIENCE_OF_A_NIGHT)
    if process.returncode != 0:
        raise RuntimeError(f"{arguments} ended with {process.returncode}: {out}{err}")


@contextmanager
def prepared_ground() -> Iterator[Ground]:
    """Build the warehouses, in half a minute; their server is stopped and the home removed at the end."""
    home = Path(tempfile.mkdtemp(prefix="sg-drill-", dir="/tmp"))
    home.chmod(0o711)  # the server's user passes through it
    try:
        with own_environment(home):
            yield _build(Settings(sigmasight_home=home, warehouse_database="drill_base"))
    finally:
        end_of(home)


@contextmanager
def own_environment(home: Path) -> Iterator[None]:
    """Unset the developer's settings during the body; caches of libraries are below the home."""
    before = dict(os.environ)
    for name in [*(name.upper() for name in Settings.model_fields), *os.environ]:
        if name.startswith("PREFECT_") or name.lower() in Settings.model_fields:
            os.environ.pop(name, None)
    os.environ.update(MODEL_PROCESSES="1", XDG_CACHE_HOME=str(home / "cache"))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def end_of(home: Path) -> None:
    """Stop what still runs in a home, and remove it."""
    stop_warehouse(Settings(sigmasight_home=home))
    for process in processes_of(home):
        process.kill()
    shutil.rmtree(home, ignore_errors=True)


def processes_of(home: Path) -> list[psutil.Process]:
    """Processes whose SIGMASIGHT_HOME is this one: what a killed command left behind."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("SIGMASIGHT_HOME") == str(home):
                found.append(process)
        except psutil.Error:
            continue
    return found


def _build(settings: Settings) -> Ground:
    home = settings.sigmasight_home
    base = open_warehouse(settings)
    _load(base, home)
    succeed(CommandLine(base), "nightly", "--force")
    write_prices(home / "news", correction())
    undisturbed = copy_of(base, "undisturbed")
    with Service(undisturbed, home) as service:
        before = read_answers(service.url, OWNERS, PASSWORD)
        begun = time.monotonic()
        succeed(CommandLine(undisturbed), *night_from(home / "news"))
        seconds = time.monotonic() - begun
        after = read_answers(service.url, OWNERS, PASSWORD)
    publication = int(one(undisturbed, "select min(publication_id) from ops.publications"))
    return Ground(home, base, undisturbed, Expected(publication, (before, after)), seconds)


def _load(base: Warehouse, home: Path) -> None:
    """Two portfolios of two owners with accounts, and prices up to LAST_DATE."""
    load_history(base, home / "history")
    second = home / "second.csv"
    second.write_text(SECOND_POSITIONS)
    with base.connect_writer() as connection:
        load_positions(
            connection,
            second,
            portfolio_name="Second portfolio",
            owner_email=OWNERS[1],
            equity=Decimal(80_000),
            statement_date=LAST_DATE,
        )
        for email in OWNERS:
            add_user(connection, email, email.partition("@")[0].title(), PASSWORD)


@contextmanager
def copied_base(ground: Ground, name: str = "drill") -> Iterator[CommandLine]:
    """The command line on a fresh copy of the warehouse before the night."""
    copy = copy_of(ground.base, name)
    try:
        yield CommandLine(copy)
    finally:
        drop(open_warehouse(copy.settings))
