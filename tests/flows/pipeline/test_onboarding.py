"""Onboarding: adding a second portfolio with new symbols to a published warehouse, even if killed midway."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flows.errors import BuildLockedError
from flows.pipeline.lock import build_lock
from flows.pipeline.onboarding import lacking_symbols
from flows.prefect.start import run_onboarding
from flows.source import Source
from flows.summaries.readiness import Holding, OptionInputs, Readiness, read_readiness
from ingestion.errors import InvalidPositionsFile
from ingestion.raw.loads import Connection, LoadReport
from ingestion.statements.load import load_positions
from tests.database_copies import copy_of, drop
from tests.flows.flow_helpers import (
    LAST_DATE,
    CommandLine,
    all_marts,
    kill_at,
    last_run,
    one,
    price_table,
    write_prices,
)
from warehouse.connections import Warehouse

# The onboarding of a file of positions and a folder of prices, given as arguments.
PROGRAM = """
import sys
from decimal import Decimal
from pathlib import Path
from flows.cli.options import open_for_command
from flows.prefect.start import run_onboarding
from flows.source import Source
from ingestion.raw.ids import portfolio_id
from ingestion.statements.load import load_positions

warehouse = open_for_command()
run_onboarding(
    warehouse,
    lambda connection: load_positions(
        connection, Path(sys.argv[1]), portfolio_name="Second", owner_email="joe@example.com",
        equity=Decimal(50_000), statement_date=None,
    ),
    Source.FILES,
    prices=Path(sys.argv[2]),
    portfolio_id=portfolio_id("joe@example.com", "Second"),
)
"""

FIRST_ENTRY = date(2025, 5, 5)
POSITIONS = f"""\
Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment Subtype
AAPL,10,200,{FIRST_ENTRY},PUBLIC,STOCK
OLDCO,100,20,{FIRST_ENTRY},PUBLIC,STOCK
NEWCO,100,10,2025-06-30,PUBLIC,STOCK
UNKNOWN,100,5,2025-06-30,PUBLIC,STOCK
SPAXX,1000,1,{FIRST_ENTRY},PUBLIC,CASH
"""


@dataclass(frozen=True)
class Onboarding(CommandLine):
    """The onboarding of the file as a separate process, instead of the command line."""

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )


def write_statement(folder: Path) -> tuple[str, str]:
    """The positions file, and a folder of prices: OLDCO's whole history, ten sessions of NEWCO."""
    table = price_table()
    spy = table[(table["symbol"] == "SPY") & (table["date"] <= np.datetime64(LAST_DATE))]
    old, new = spy.assign(symbol="OLDCO"), spy.tail(10).assign(symbol="NEWCO")
    prices = pd.concat([old, new]).assign(close=lambda each: each["close"] / 25)
    write_prices(folder / "prices", prices)
    (folder / "second.csv").write_text(POSITIONS)
    return str(folder / "second.csv"), str(folder / "prices")


@dataclass(frozen=True)
class LoadCall:
    """The loader of the file, as passed by the command."""

    path: Path

    def __call__(self, connection: Connection) -> list[LoadReport]:
        return load_positions(
            connection,
            self.path,
            portfolio_name="Second",
            owner_email="joe@example.com",
            equity=Decimal(50_000),
        )


# --- without a build ----------------------------------------------------------------------------------------


def test_readiness_counts_returns_in_the_window_and_names_symbols_that_lack_some(
    empty_warehouse: Warehouse, tmp_path: Path
) -> None:
    statement, prices = write_statement(tmp_path)
    done = run_onboarding(empty_warehouse, LoadCall(Path(statement)), None, build=False)
    assert done is None
    from ingestion.files.folder import load_folder  # noqa: PLC0415 - pandas and Arrow, for this test

    with empty_warehouse.connect_writer(autocommit=True) as connection:
        assert {"AAPL", "NEWCO", "OLDCO", "UNKNOWN"} <= set(lacking_symbols(connection))
        load_folder(connection, Path(prices))
        readiness = read_readiness(connection)
        lacking = lacking_symbols(connection)
    assert readiness.holdings == (
        Holding("AAPL", 1, 0),
        Holding("NEWCO", 1, 9),
        Holding("OLDCO", 1, 89),
        Holding("UNKNOWN", 1, 0),
    )
    assert (readiness.needed, readiness.window, readiness.share) == (30, 90, 0.25)
    sentences = list(readiness.sentences())
    assert sentences[0].startswith("25% of 4 public and option positions have the 30 returns")
    assert "NEWCO has 9 of 30 returns in the last 90 sessions" in sentences
    assert not any("OLDCO" in sentence for sentence in sentences)
    # its first price is on or before its entry date: nothing is missing
    assert "OLDCO" not in lacking
    assert "UNKNOWN" in lacking


def test_readiness_leaves_out_what_is_withdrawn(empty_warehouse: Warehouse, tmp_path: Path) -> None:
    # Silent failure prevented: a corrected price that counts as one position more
    path = tmp_path / "corrected.csv"
    for price in (2, 3):
        path.write_text(f"Symbol,Quantity,Entry Price Per Share,Entry Date\nAAPL,10,{price},2025-07-01\n")
        assert run_onboarding(empty_warehouse, LoadCall(path), None, build=False) is None
    with empty_warehouse.connect_writer(autocommit=True) as connection:
        assert read_readiness(connection).holdings == (Holding("AAPL", 1, 0),)


def test_readiness_counts_what_options_need() -> None:
    held = (Holding("A", 1, 30),)
    complete = Readiness(held, 30, 90, OptionInputs(contracts=2, quoted=2, has_yields=True))
    assert len(list(complete.sentences())) == 1
    lacking = list(Readiness(held, 30, 90, OptionInputs(contracts=3, quoted=1, has_yields=False)).sentences())
    assert lacking[1].startswith("1 of 3 option contracts have a quote")
    assert lacking[2] == "no Treasury yields are loaded: options are valued at a rate of 0"


def test_readiness_reads_quotes_and_yields(empty_warehouse: Warehouse, tmp_path: Path) -> None:
    statement = tmp_path / "options.csv"
    statement.write_text(
        "Symbol,Quantity,Entry Price Per Share,Entry Date\n"
        "AAPL991217C00200000,1,5,2025-07-01\nAAPL991217P00200000,-1,4,2025-07-01\n"
    )
    call = LoadCall(statement)
    assert run_onboarding(empty_warehouse, call, None, build=False) is None
    with empty_warehouse.connect_writer(autocommit=True) as connection:
        connection.execute(
            """insert into raw.option_quotes (load_id, loaded_at, source, symbol, quote_date,
            underlying_symbol, expiration_date, option_type, strike_price, bid, ask)
            values (1, now(), 'files', 'AAPL991217C00200000', '2025-07-02', 'AAPL', '2099-12-17', 'CALL', 200,
            4.9, 5.1), (1, now(), 'files', 'AAPL991217P00200000', '2025-07-02', 'AAPL', '2099-12-17', 'PUT',
            200, 0, 5.1)"""
        )
        options = read_readiness(connection).options
    assert options == OptionInputs(contracts=2, quoted=1, has_yields=False)


def test_at_80_percent_no_symbol_is_named() -> None:
    four, one_more = Holding("A", 4, 30), Holding("B", 1, 29)
    assert len(list(Readiness((four, one_more), 30, 90).sentences())) == 1
    assert len(list(Readiness((four, Holding("B", 2, 29)), 30, 90).sentences())) > 1
    assert Readiness((), 30, 90).share is None


def test_an_invalid_file_changes_nothing_and_fetches_nothing(
    empty_warehouse: Warehouse, tmp_path: Path
) -> None:
    path = tmp_path / "faulty.csv"
    path.write_text(POSITIONS.replace("AAPL,10", "AAPL,ten"))
    with pytest.raises(InvalidPositionsFile):
        run_onboarding(empty_warehouse, LoadCall(path), Source.YFINANCE)
    assert one(empty_warehouse, "select count(*) from raw.portfolios") == 0
    assert one(empty_warehouse, "select count(*) from ops.runs") == 0


def test_the_load_is_kept_when_another_build_runs(empty_warehouse: Warehouse, tmp_path: Path) -> None:
    statement, _ = write_statement(tmp_path)
    with (
        build_lock(empty_warehouse, "nightly"),
        pytest.raises(BuildLockedError, match="The statement is loaded, but not built yet: Another build"),
    ):
        run_onboarding(empty_warehouse, LoadCall(Path(statement)), None)
    assert one(empty_warehouse, "select count(*) from raw.positions") == 5


# --- with builds --------------------------------------------------------------------------------------------

# test_load_kill.py covers the load of the statement
STEPS = {
    "prices": "lock table raw.prices in row exclusive mode",
    "build": "lock table published.fct_prices in access exclusive mode",
}


@pytest.fixture(scope="module")
def statement(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return write_statement(tmp_path_factory.mktemp("second"))


@pytest.fixture(scope="module")
def undisturbed(published: Warehouse, statement: tuple[str, str]) -> Iterator[tuple[Warehouse, str]]:
    """The warehouse after an undisturbed onboarding, and its output."""
    copy = Onboarding(copy_of(published, "onboarded"))
    yield copy.warehouse, copy.succeed(*statement)
    drop(copy.warehouse)


@pytest.mark.slow
def test_a_portfolio_is_built_back_to_its_first_entry(undisturbed: tuple[Warehouse, str]) -> None:
    warehouse, output = undisturbed
    assert "loaded     prices (files)" in output
    assert "not ready  50% of 4 public and option positions have the 30 returns" in output
    assert "NEWCO has 9 of 30 returns in the last 90 sessions" in output
    assert "no prices  for UNKNOWN: the next nightly run tries again" in output
    first = (
        "select min(as_of_date) from marts.fct_portfolio_snapshots "
        "join marts.dim_portfolios using (portfolio_id) where portfolio_name = 'Second'"
    )
    assert one(warehouse, first) == FIRST_ENTRY
    assert one(warehouse, first.replace("min(", "max(")) == LAST_DATE
    run = last_run(warehouse)
    assert (run["kind"], run["status"], run["from_date"]) == ("onboard", "succeeded", date(2025, 3, 3))
    assert [step["step"] for step in run["steps"]] == ["load", "build", "publish"]


@pytest.mark.slow
@pytest.mark.long
def test_an_onboarding_killed_twice_at_each_step_ends_as_if_undisturbed(
    published: Warehouse, statement: tuple[str, str], undisturbed: tuple[Warehouse, str]
) -> None:
    killed = Onboarding(copy_of(published, "killed"))
    before = all_marts(published)
    try:
        for lock in STEPS.values():
            for _ in range(2):
                kill_at(killed, lock, *statement)
        marts = all_marts(killed.warehouse)
        assert [mart for mart in before if marts[mart] != before[mart] and "fct_loads" not in mart] == []
        killed.succeed(*statement)
        expected, found = all_marts(undisturbed[0]), all_marts(killed.warehouse)
        assert [mart for mart in expected if found[mart] != expected[mart]] == []
        assert one(killed.warehouse, "select count(*) from ops.runs where status = 'running'") == 0
    finally:
        drop(killed.warehouse)
