"""Python models in processes of their own: the same rows, errors passed on, and no process left behind."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import psutil
import psycopg
import pytest

from python_models.runtime.model import PythonModel
from python_models.runtime.processes import (
    ModelFailedError,
    ModelProcessEndedError,
    model_processes,
    run_where_allowed,
)
from warehouse.connections import Warehouse

BUILD = "-c sigmasight.first_date=2025-07-01 -c sigmasight.from_date=2025-07-01 "
BUILD += "-c sigmasight.to_date=2025-07-31 -c sigmasight.publication_id=7"
READER = """
class dbtObj:
    def __init__(self, load_df_function):
        self.ref = load_df_function
"""
OWN_NUMBER = """
import os
import pandas as pd

def model(dbt, session):
    return pd.DataFrame({"process": [os.getpid()]})
"""


@pytest.fixture(scope="module")
def conninfo(module_warehouse: Warehouse) -> str:
    with module_warehouse.connect_writer(autocommit=True) as connection:
        connection.execute("create table intermediate.m (process integer)")
    return psycopg.conninfo.make_conninfo(module_warehouse.writer_url, options=BUILD)


@pytest.fixture(scope="module")
def processes() -> Iterator[None]:
    with model_processes(2):
        yield


def _model(code: str) -> PythonModel:
    config = {"materialized": "build_table"}
    return PythonModel("m", "models/m.py", "intermediate", "m", {"process": "integer"}, config, code + READER)


def _number(conninfo: str) -> Any:
    with psycopg.connect(conninfo) as connection:
        return connection.execute("select process from intermediate.m").fetchall()


@pytest.mark.usefixtures("processes")
def test_a_model_runs_in_another_process_and_its_rows_are_committed(conninfo: str) -> None:
    assert run_where_allowed(_model(OWN_NUMBER), conninfo) == 1
    [(number,)] = _number(conninfo)
    assert number != os.getpid()
    assert psutil.Process(number).ppid() == os.getpid()


def test_with_one_process_a_model_runs_in_this_one(conninfo: str) -> None:
    with model_processes(1):
        assert run_where_allowed(_model(OWN_NUMBER), conninfo) == 1
    assert _number(conninfo) == [(os.getpid(),)]


@pytest.mark.usefixtures("processes")
def test_what_a_model_raises_is_passed_on(conninfo: str) -> None:
    with pytest.raises(ValueError, match="no such factor"):
        run_where_allowed(_model("def model(dbt, session): raise ValueError('no such factor')"), conninfo)


UNREADABLE = """
class Odd(Exception):
    def __init__(self, one, two):
        super().__init__(one)

def model(dbt, session):
    raise Odd("cannot be read back", 2)
"""


@pytest.mark.usefixtures("processes")
def test_an_exception_that_cannot_be_read_back_is_passed_on_as_text(conninfo: str) -> None:
    with pytest.raises(ModelFailedError, match="Odd: cannot be read back"):
        run_where_allowed(_model(UNREADABLE), conninfo)
    assert run_where_allowed(_model(OWN_NUMBER), conninfo) == 1


def test_a_process_that_is_killed_ends_the_model_with_a_sentence(conninfo: str) -> None:
    killed = "import os, signal\n\ndef model(dbt, session): os.kill(os.getpid(), signal.SIGKILL)"
    with (
        model_processes(2),
        pytest.raises(ModelProcessEndedError, match=r"while m was waited for.*MODEL_PROCESSES=1"),
    ):
        run_where_allowed(_model(killed), conninfo)


ORPHAN = """
import sys
from tests.python_models.runtime.test_processes import _model
from python_models.runtime.processes import model_processes, run_where_allowed

SLOW = '''
import os, time

def model(dbt, session):
    print(os.getpid(), flush=True)
    time.sleep(600)
'''
if __name__ == "__main__":
    with model_processes(2):
        run_where_allowed(_model(SLOW), sys.argv[1])
"""


@pytest.mark.long  # three starts of Python
def test_processes_end_with_a_build_that_is_killed(conninfo: str) -> None:
    build = subprocess.Popen([sys.executable, "-c", ORPHAN, conninfo], stdout=subprocess.PIPE, text=True)
    assert build.stdout is not None
    worker = psutil.Process(int(build.stdout.readline()))
    build.kill()
    build.wait()
    worker.wait(timeout=10)
    deadline = time.monotonic() + 10
    with psycopg.connect(conninfo) as connection:  # and with it the lock that it held on the table
        connection.execute(f"set lock_timeout = '{deadline - time.monotonic():.0f}s'")
        connection.execute("truncate intermediate.m")
