"""Kernels split over Dask workers: the frames of one process, bit for bit, also when a worker dies."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from psycopg.conninfo import make_conninfo

from python_models.options.valuation import value_options
from python_models.portfolio.volatility import symbol_volatility
from python_models.runtime import workers as workers_module
from python_models.runtime.inputs import Inputs, close_connections, reading
from python_models.runtime.workers import (
    PartSizes,
    Scheduler,
    WorkersError,
    open_scheduler,
    spread,
    using,
    workers,
)
from tests.benchmarks.kernels.workers import random_contracts, random_returns
from tests.method_config import VOLATILITY_CONFIG
from warehouse.connections import Warehouse

pytestmark = pytest.mark.slow


BUILD = "-c sigmasight.first_date=2025-08-01 -c sigmasight.from_date=2025-08-01 "
BUILD += "-c sigmasight.to_date=2025-09-12 -c sigmasight.publication_id=1"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Scheduler]:
    pytest.importorskip("distributed", reason="distributed is not installed")
    with workers("local", 2):
        scheduler = open_scheduler()
        assert scheduler is not None
        yield scheduler


def _parts_of(scheduler: Scheduler, **most: int) -> AbstractContextManager[None]:
    """`spread` computes in parts of at most so many symbols or rows."""
    return using(scheduler._replace(sizes=PartSizes(**most)))


def _assert_equal(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """The same columns, types and rows, every bit of every number; NaN is null, whatever its sign."""
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    for name in one.select_dtypes("float64"):
        first, second = (frame[name].mask(frame[name].isna(), np.nan).to_numpy() for frame in (one, other))
        assert first.tobytes() == second.tobytes(), name


def _volatility(returns: pd.DataFrame, sessions: int) -> partial[pd.DataFrame]:
    first = np.sort(returns["as_of_date"].unique())[-sessions]
    return partial(symbol_volatility, rules=VOLATILITY_CONFIG, from_date=str(pd.Timestamp(first).date()))


def test_options_are_valued_in_parts_as_in_one(cluster: Scheduler) -> None:
    contracts = random_contracts(3_000)
    kernel = partial(value_options, check_date="2025-06-30")
    with _parts_of(cluster, rows=700):
        found = spread(kernel, contracts)
    _assert_equal(found, kernel(contracts))


def test_volatilities_are_computed_in_parts_as_in_one(cluster: Scheduler) -> None:
    # one session has returns of the last symbols only, and the rows are in no order
    returns = random_returns(300, gaps=0.03)
    is_gap = (returns["session_number"] == 280) & (returns["symbol"] < "S00250")
    returns = returns[~is_gap].sample(frac=1, random_state=3, ignore_index=True)
    kernel = _volatility(returns, 4)
    with _parts_of(cluster, symbols=64):
        found = spread(kernel, returns, by_symbol=True)
    _assert_equal(found, kernel(returns))


def test_the_demonstration_is_computed_in_parts_as_in_one(cluster: Scheduler, demo: Warehouse) -> None:
    with reading(make_conninfo(demo.writer_url, options=BUILD)) as connection:
        inputs, day = Inputs(connection, by_dates=frozenset()), (date(2025, 9, 12),) * 2
        contracts = inputs.read(day, '"intermediate"."int_option_inputs"')
        returns = inputs.read(day, '"intermediate"."int_return_windows"')
    close_connections()  # else the demonstration cannot be copied by later tests
    newest = contracts.loc[~contracts["is_settlement"].astype(bool), "as_of_date"].max()
    options, volatility = partial(value_options, check_date=newest), _volatility(returns, 20)
    with _parts_of(cluster, symbols=10, rows=len(contracts) // 3):
        valued = spread(options, contracts)
        risk = spread(volatility, returns, by_symbol=True)
    assert len(valued) > 100
    assert len(risk) > 500
    _assert_equal(valued, options(contracts))
    _assert_equal(risk, volatility(returns))


def _ends_once(frame: pd.DataFrame, *, folder: str) -> pd.DataFrame:
    """Kills the first worker that computes the last part."""
    mark = Path(folder) / "killed"
    if frame["row"].max() == 99 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return frame


def _ends(frame: pd.DataFrame) -> pd.DataFrame:
    os.kill(os.getpid(), signal.SIGKILL)
    return frame


def _fails(frame: pd.DataFrame) -> pd.DataFrame:
    raise ValueError(f"no such row as {frame['row'].iloc[0]}")


ROWS = pd.DataFrame({"row": range(100)})


def test_what_a_kernel_raises_is_passed_on(cluster: Scheduler) -> None:
    with _parts_of(cluster, rows=50), pytest.raises(ValueError, match="no such row as"):
        spread(_fails, ROWS)


def test_a_worker_with_other_code_is_refused(cluster: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    own = workers_module._identity() | {"numpy": "1.0"}
    monkeypatch.setattr(workers_module, "_identity", lambda: own)
    with (
        _parts_of(cluster, rows=50),
        pytest.raises(WorkersError, match=r"The worker tls://.* has numpy .* instead of 1\.0"),
    ):
        spread(_fails, ROWS)


@pytest.mark.long
def test_parts_of_a_worker_that_is_killed_are_computed_by_another(cluster: Scheduler, tmp_path: Path) -> None:
    kernel = partial(_ends_once, folder=str(tmp_path))
    with _parts_of(cluster, rows=10):
        _assert_equal(spread(kernel, ROWS), ROWS)
    assert (tmp_path / "killed").exists()


@pytest.mark.long
def test_what_ends_every_worker_is_named(cluster: Scheduler) -> None:
    with (
        _parts_of(cluster, rows=50),
        pytest.raises(WorkersError, match=r"_ends on the Dask cluster at tls://.*lost.*memory"),
    ):
        spread(_ends, ROWS)


def test_a_scheduler_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="distributed is not installed")
    monkeypatch.setattr(workers_module, "PATIENCE", 1)
    with (
        _parts_of(Scheduler("tcp://127.0.0.1:9"), rows=50),
        pytest.raises(WorkersError, match=r"tcp://127\.0\.0\.1:9"),
    ):
        spread(_fails, ROWS)


def test_without_a_scheduler_a_kernel_runs_here() -> None:
    before = "distributed" in sys.modules
    with workers(None, 2):
        assert spread(lambda frame: frame, ROWS) is ROWS
    assert ("distributed" in sys.modules) == before
