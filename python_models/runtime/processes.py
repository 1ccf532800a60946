"""Processes in which Python models of a long build run, so that they use more than one core.

dbt runs the models of a build in threads, which take turns at the interpreter. A process costs a second of
imports: it pays when a build covers many dates.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext, suppress
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection

from python_models.runtime.inputs import close_connections
from python_models.runtime.model import PythonModel, run_model
from python_models.runtime.workers import Scheduler, open_scheduler, using

KERNELS = ("python_models.portfolio.risk", "python_models.factors.betas", "python_models.correlation.symbols")
"""What a process imports before its first model, while dbt still reads the project."""


class ModelProcessEndedError(Exception):
    """A process that ran a model is gone."""


class ModelFailedError(Exception):
    """What a model raised in another process, where the exception itself cannot be passed on."""


_open: list[ProcessPoolExecutor | None] = []
"""The pools of model_processes, the innermost last; None: the threads of this process."""


@contextmanager
def model_processes(count: int) -> Iterator[None]:
    """Run models in so many processes; with one, in the threads of this one.

    Closes at the end what they used.
    """
    with _workers(count) if count > 1 else nullcontext() as executor:
        _open.append(executor)
        try:
            yield
        finally:
            _open.pop()
            close_connections()


def run_where_allowed(model: PythonModel, conninfo: str) -> int:
    """run_model, in a process of model_processes if it is open. Raises ModelProcessEndedError also."""
    executor = _open[-1] if _open else None
    if executor is None:
        return run_model(model, conninfo)
    try:
        return executor.submit(_run, model, conninfo, open_scheduler()).result()
    except BrokenProcessPool as error:
        raise ModelProcessEndedError(
            f"A process that ran Python models ended while {model.name} was waited for; the operating system "
            "may have stopped it for lack of memory. Run the build again, with MODEL_PROCESSES=1 if it "
            "happens again."
        ) from error


@contextmanager
def _workers(count: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that end with this one, however it ends: then the pipe that they watch is closed."""
    context = get_context("spawn")
    watched, held = context.Pipe(duplex=False)
    executor = ProcessPoolExecutor(count, context, _watch, (watched,))
    try:
        for _ in range(count):
            executor.submit(_warm_up)
        yield executor
    finally:
        held.close()
        executor.shutdown(cancel_futures=True)
        watched.close()


def _watch(pipe: Connection) -> None:
    """Leave Ctrl-C to the build's process, and end as soon as it lets go of the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def wait() -> None:
        with suppress(EOFError, OSError):
            pipe.recv()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _warm_up() -> None:
    for name in KERNELS:
        import_module(name)


def _run(model: PythonModel, conninfo: str, scheduler: Scheduler | None) -> int:
    try:
        with using(scheduler):
            return run_model(model, conninfo)
    except Exception as error:
        if _can_be_passed_on(error):
            raise
        raise ModelFailedError(f"{type(error).__name__}: {error}") from None


def _can_be_passed_on(error: Exception) -> bool:
    """Whether another process can read it: one that cannot be read would break the pool."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - made here
    except Exception:  # noqa: BLE001 - whatever its class does
        return False
    return True
