"""Kernels split over the workers of a Dask cluster: an existing one, or processes of this machine.

Only a kernel whose rows or symbols do not need each other is split. Each part is computed as it would be in
the whole, by the same code and the same packages, so the frames are equal bit for bit. `distributed` (the
extra `dask`) is imported only while `workers` is open with a scheduler.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from hashlib import sha256
from importlib import import_module
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

Kernel = Callable[[pd.DataFrame], pd.DataFrame]

LOCAL = "local"
AHEAD = 2  # parts in flight for each worker: one computed, one on its way
PATIENCE = 60  # seconds in which a worker must be there, or come back


class WorkersError(Exception):
    """A cluster cannot be used, or lost what it was computing."""


class PartSizes(NamedTuple):
    """The most that a part has: symbols, or rows, such as contracts, whose results do not need each other."""

    symbols: int = 2_000
    rows: int = 10_000


DEFAULT_SIZES = PartSizes()


class Scheduler(NamedTuple):
    """Where a cluster is reached. security: of one started here; else dask's own configuration of TLS."""

    address: str
    security: Any = None
    sizes: PartSizes = DEFAULT_SIZES


_open: list[Scheduler | None] = []
"""The clusters of `using`, the innermost last; None: this process."""


def open_scheduler() -> Scheduler | None:
    """The cluster in use, if any: for other processes that run models."""
    return _open[-1] if _open else None


@contextmanager
def using(scheduler: Scheduler | None) -> Iterator[None]:
    """Let `spread` use a cluster; None: compute in this process."""
    _open.append(scheduler)
    try:
        yield
    finally:
        _open.pop()


@contextmanager
def workers(address: str | None, count: int, sizes: PartSizes = DEFAULT_SIZES) -> Iterator[None]:
    """Let `spread` use the cluster at an address, or so many processes started here (LOCAL); None: neither.

    Raises WorkersError without the extra `dask`.
    """
    if address != LOCAL:
        with using(Scheduler(address, sizes=sizes) if address else None):
            yield
        return
    distributed = _distributed()
    # Whoever reaches a scheduler can run code as its user: only holders of this certificate can.
    security = distributed.Security.temporary()
    with (
        distributed.LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            host="127.0.0.1",
            security=security,
            scheduler_kwargs={"dashboard": False, "http_prefix": ""},
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        using(Scheduler(cluster.scheduler_address, security, sizes)),
    ):
        yield


def spread(kernel: Kernel, frame: pd.DataFrame, *, by_symbol: bool = False) -> pd.DataFrame:
    """kernel(frame), computed in parts on the workers of an open cluster; here without one, or with one part.

    by_symbol: the frame is a panel (symbol, as_of_date, session_number, daily_return), whose symbols are
    independent and whose result is ordered by as_of_date and symbol. Else the kernel returns one row per row,
    in order, each independent of the others. Raises WorkersError, and what the kernel raises.
    """
    scheduler = open_scheduler()
    if scheduler is None:
        return kernel(frame)
    if by_symbol:
        codes, symbols = frame["symbol"].factorize(sort=True)
        size, most = len(symbols), scheduler.sizes.symbols
    else:
        codes, size, most = np.arange(len(frame)), len(frame), scheduler.sizes.rows
    count = -(-size // most)
    if count <= 1:
        return kernel(frame)
    parts = _parts(frame, codes * count // size)
    if by_symbol:
        parts = _panels(parts, frame.drop_duplicates("session_number"))
    found = pd.concat(_computed(kernel, parts, count, scheduler), ignore_index=True)
    if by_symbol:
        found = found.sort_values("as_of_date", kind="stable", ignore_index=True)
    return found.infer_objects()  # a text column is one of objects in a part that has no text


def _parts(frame: pd.DataFrame, numbers: npt.NDArray[np.int64]) -> Iterator[pd.DataFrame]:
    """The rows of each part, in their order. numbers: the part of each row."""
    order = np.argsort(numbers, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1):
        yield frame.take(rows)


def _panels(parts: Iterator[pd.DataFrame], sessions: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Each part with an unknown return on the sessions that only others have.

    A window then spans the same sessions in each part as in the whole. sessions: a row of each.
    """
    for part in parts:
        missing = sessions[~sessions["session_number"].isin(part["session_number"])]
        missing = missing.assign(symbol=part["symbol"].iloc[0], daily_return=np.nan)
        yield pd.concat([part, missing.astype(sessions.dtypes)]) if len(missing) else part


def _computed(
    kernel: Kernel, parts: Iterator[pd.DataFrame], count: int, scheduler: Scheduler
) -> list[pd.DataFrame]:
    """The kernel's frames in the order of the parts. A part whose worker dies is computed by another."""
    distributed = _distributed()
    name = getattr(kernel.func if isinstance(kernel, partial) else kernel, "__name__", repr(kernel))
    what = f"{name} on the Dask cluster at {scheduler.address}"
    with _explained(what, distributed), _client(distributed, scheduler) as client:
        client.wait_for_workers(1, timeout=PATIENCE)
        ahead = AHEAD * sum(client.nthreads().values())
        numbered = enumerate(parts)
        found: dict[int, pd.DataFrame] = {}
        waiting: dict[Any, int] = {}
        while True:
            for number, part in islice(numbered, max(ahead - len(waiting), 0)):
                waiting[client.submit(_compute, kernel, part, _identity(), pure=False)] = number
            if not waiting:
                return [found[number] for number in range(count)]
            for future in _finished(distributed, client, list(waiting)):
                found[waiting.pop(future)] = future.result()


@contextmanager
def _client(distributed: Any, scheduler: Scheduler) -> Iterator[Any]:
    dask = import_module("dask")
    # the frames travel with their tasks, so that a scheduler can give them to another worker
    with (
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GB"}),
        distributed.Client(
            scheduler.address, security=scheduler.security, set_as_default=False, timeout=PATIENCE
        ) as client,
        client.as_current(),
    ):
        yield client


def _finished(distributed: Any, client: Any, futures: list[Any]) -> list[Any]:
    """Those that are done, at least one. Raises TimeoutError when no worker is left and none comes back."""
    while True:
        with suppress(TimeoutError):
            return list(distributed.wait(futures, timeout=PATIENCE, return_when="FIRST_COMPLETED").done)
        client.wait_for_workers(1, timeout=PATIENCE)


@contextmanager
def _explained(what: str, distributed: Any) -> Iterator[None]:
    """Say of a failure of the cluster what was computed where, and what to do."""
    try:
        yield
    except distributed.KilledWorker as error:
        raise WorkersError(
            f"{what}: a part was lost with each worker that computed it, the last one "
            f"{error.last_worker.address}; the operating system may have stopped them for lack of memory. "
            "Give the workers more memory, or unset DASK_SCHEDULER, and run the build again."
        ) from error
    except (ImportError, RuntimeError) as error:
        if not isinstance(error, ImportError) and "deserialization of the task graph" not in str(error):
            raise
        raise WorkersError(
            f"{what}: the kernel cannot be imported there ({error}). Install this version of the project "
            "where the scheduler and the workers run."
        ) from error
    except TimeoutError as error:
        raise WorkersError(
            f"{what}: no worker for {PATIENCE} seconds. Start workers, or unset DASK_SCHEDULER, and run the "
            "build again."
        ) from error
    except (OSError, distributed.CancelledError) as error:
        raise WorkersError(
            f"{what}: the scheduler cannot be reached, or has ended ({error}). Start it, or unset "
            "DASK_SCHEDULER, and run the build again."
        ) from error


def _compute(kernel: Kernel, part: pd.DataFrame, expected: dict[str, str]) -> pd.DataFrame:
    """One part, on a worker. Raises WorkersError where it would be computed by other code."""
    differences = [
        f"{name} {own} instead of {expected[name]}"
        for name, own in _identity().items()
        if own != expected[name]
    ]
    if differences:
        address = _distributed().get_worker().address
        raise WorkersError(
            f"The worker {address} has {', '.join(differences)}: its figures could differ. Install there "
            "what is installed here."
        )
    with threadpool_limits(1, user_api="blas"):
        return kernel(part)


@cache
def _identity() -> dict[str, str]:
    """What computes: versions, and a digest of the code of the kernels."""
    root = Path(__file__).parents[1]
    digest = sha256(b"".join(path.read_bytes() for path in sorted(root.rglob("*.py")))).hexdigest()[:12]
    packages = {name: version(name) for name in ("numpy", "pandas", "pyarrow", "scipy")}
    return {"Python": platform.python_version(), **packages, "python_models": digest}


def _distributed() -> Any:
    """The module distributed. Raises WorkersError where it is not installed."""
    try:
        return import_module("distributed")
    except ImportError as error:
        raise WorkersError(
            "DASK_SCHEDULER is set, and distributed is not installed: pip install 'sigmasight[dask]'."
        ) from error
