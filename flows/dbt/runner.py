"""Run dbt in this process, and describe failures in sentences.

Results are read from dbt's own artifact (run_results.json), which is complete even when nodes fail.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flows.environment import dbt_target
from flows.errors import BuildError
from flows.wording import many
from warehouse.connections import Warehouse
from warehouse.settings import Settings, profiles_folder, project_root

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

logger = logging.getLogger(__name__)

MANIFEST, RESULTS = "manifest.json", "run_results.json"
FAILED = frozenset({"error", "fail", "runtime error"})
TESTS = frozenset({"test", "unit_test"})
FAILURES_SHOWN = 10
LONG_BUILD_DAYS = 30

OnProgress = Callable[[int, int], None]
"""Called with the number of nodes done and of all nodes."""


@dataclass(frozen=True)
class NodeResult:
    """One node of a dbt run: a model, test, seed or function; its duration in seconds; dbt's status.

    rows: written by a model, found by a test; None where dbt does not say. compiled_code: the SQL that ran.
    """

    node_id: str
    name: str
    kind: str
    status: str
    seconds: float
    message: str
    failures: int
    rows: int | None
    compiled_code: str | None = None

    def sentence(self) -> str:
        """The failure as a sentence."""
        message = " ".join(self.message.split())
        if self.kind == "test" and self.status == "fail":
            return f"The test {self.name} found {self.failures} failing rows."
        return f"The {self.kind.replace('_', ' ')} {self.name} failed: {message}"


@dataclass(frozen=True)
class BuildReport:
    """What a run of dbt did. seconds: of the whole run, parsing included."""

    invocation_id: str | None
    nodes: tuple[NodeResult, ...]
    seconds: float

    @property
    def models_built(self) -> int:
        return sum(node.kind == "model" and node.status == "success" for node in self.nodes)

    @property
    def tests_passed(self) -> int:
        return sum(node.kind in TESTS and node.status == "pass" for node in self.nodes)

    @property
    def tests_warned(self) -> int:
        return sum(node.kind in TESTS and node.status == "warn" for node in self.nodes)

    @property
    def counts(self) -> str:
        """What was built, and how many tests passed, in words."""
        return f"{many(self.models_built, 'model')}, {many(self.tests_passed, 'test')} passed"

    @property
    def failed(self) -> tuple[NodeResult, ...]:
        return tuple(node for node in self.nodes if node.status in FAILED)

    @property
    def errors(self) -> tuple[NodeResult, ...]:
        """The nodes that could not be run to their end; a failed test was."""
        return tuple(node for node in self.failed if node.status != "fail")

    def slowest(self, count: int = 5) -> list[NodeResult]:
        """The nodes that took longest, longest first."""
        return sorted(self.nodes, key=lambda node: -node.seconds)[:count]


@contextmanager
def build_session(settings: Mapping[str, str]) -> Iterator[None]:
    """Pass the build's settings to every connection that this process opens, through PGOPTIONS of libpq."""
    before = os.environ.get("PGOPTIONS")
    options = " ".join(f"-c sigmasight.{name}={value}" for name, value in settings.items())
    options += " -c enable_nestloop=off -c enable_mergejoin=off"  # see plan_for_sets
    os.environ["PGOPTIONS"] = f"{before or ''} {options}".strip()
    try:
        yield
    finally:
        os.environ.pop("PGOPTIONS")
        if before is not None:
            os.environ["PGOPTIONS"] = before


def run_plainly(
    warehouse: Warehouse,
    command: str,
    *,
    settings: Mapping[str, str] = MappingProxyType({}),
    variables: Mapping[str, Any] = MappingProxyType({}),
    manifest: Any = None,
    options: Sequence[str] = (),
    target: str = "dbt",
    on_progress: OnProgress,
    on_report: Callable[[BuildReport], None] | None = None,
) -> BuildReport:
    """Run a dbt command. Raises BuildError naming what failed.

    settings: the build settings that models read (see window.build_settings). variables: dbt's vars. target:
    the folder of its artifacts. manifest: dbt's parsed project; None makes dbt parse it. on_report: called
    with the results of the nodes, even when some failed.
    """
    folder = dbt_target(warehouse.settings, target)
    counter = _Counter(folder, on_progress)

    def on_event(event: Any) -> None:
        if event.info.name == "NodeFinished":
            counter.count(event.data.node_info.node_name)

    begun = time.monotonic()
    arguments = [command, *options, "--vars", json.dumps(dict(variables))]
    processes = warehouse.settings.model_processes if _is_long(settings) else 1
    with build_session(settings), _workers(warehouse.settings):
        done = _run_dbt(folder, on_event, arguments, manifest, processes)
    report = read_results(folder / RESULTS, time.monotonic() - begun) if done.result else None
    if report is not None and on_report is not None:
        on_report(report)
    if report is None or not done.success:
        sentences = _failure_sentences(report.failed if report else (), str(done.exception or ""))
        raise BuildError(sentences, report)
    return report


@contextmanager
def _workers(settings: Settings) -> Iterator[None]:
    """The Dask workers over which large Python models are split. Raises BuildError where there are none."""
    if settings.dask_scheduler is None:
        yield
        return
    from python_models.runtime.workers import (  # noqa: PLC0415 - imports pandas
        PartSizes,
        WorkersError,
        workers,
    )

    sizes = PartSizes(settings.dask_symbols, settings.dask_contracts)
    try:
        with workers(settings.dask_scheduler, settings.model_processes, sizes):
            yield
    except WorkersError as error:
        raise BuildError(str(error)) from error


def _is_long(settings: Mapping[str, str]) -> bool:
    """Whether the build covers so many dates that processes of their own pay for Python models."""
    if "first_date" not in settings:
        return False
    days = date.fromisoformat(settings["to_date"]) - date.fromisoformat(settings["first_date"])
    return days.days >= LONG_BUILD_DAYS


def run_documentation(warehouse: Warehouse) -> tuple[Path, float]:
    """`dbt docs generate --static`: the page, and the seconds it took. Raises BuildError."""
    folder = dbt_target(warehouse.settings, "docs")
    begun = time.monotonic()
    done = _run_dbt(folder, None, ["docs", "generate", "--static"])
    if not done.success:
        raise BuildError(f"dbt could not write the documentation: {done.exception or 'no reason given'}")
    return folder / "static_index.html", time.monotonic() - begun


def _run_dbt(
    target: Path,
    on_event: Callable[[Any], None] | None,
    arguments: list[str],
    manifest: Any = None,
    processes: int = 1,
) -> "dbtRunnerResult":
    """Run dbt in this process, without console output; Ctrl-C is raised.

    A manifest that is passed in is already on disk: only the results are written. processes: in which Python
    models run.
    """
    from dbt.artifacts.schemas.run import RunExecutionResult  # noqa: PLC0415 - seconds of imports,
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - paid only by a build

    project = ["--project-dir", str(project_root() / "dbt_project")]
    places = [*project, "--profiles-dir", str(profiles_folder())]
    logs = ["--log-level", "none", "--log-level-file", "info", "--no-use-colors-file"]
    is_written = manifest is not None and (target / MANIFEST).exists()
    artifacts = ["--target-path", str(target), *(["--no-write-json"] if is_written else [])]
    runner = dbtRunner(manifest=manifest, callbacks=[on_event] if on_event else [])
    from python_models.runtime.processes import model_processes  # noqa: PLC0415 - as above

    with model_processes(processes):
        done = runner.invoke([*logs, *arguments, *places, *artifacts])
    if isinstance(done.exception, KeyboardInterrupt):
        raise done.exception
    if is_written and isinstance(done.result, RunExecutionResult):
        done.result.write(str(target / RESULTS))
    return done


def read_results(path: Path, seconds: float) -> BuildReport:
    """The report of a run from dbt's run_results.json."""
    document = json.loads(path.read_text())
    return BuildReport(
        invocation_id=document["metadata"].get("invocation_id"),
        nodes=tuple(_node(result) for result in document["results"]),
        seconds=seconds,
    )


def _node(result: dict[str, Any]) -> NodeResult:
    kind, _, name = result["unique_id"].split(".")[:3]
    rows = (
        result.get("failures") if kind in TESTS else result.get("adapter_response", {}).get("rows_affected")
    )
    return NodeResult(
        node_id=result["unique_id"],
        name=name,
        kind=kind,
        status=result["status"],
        seconds=float(result["execution_time"]),
        message=result.get("message") or "",
        failures=int(result.get("failures") or 0),
        rows=rows if rows is not None and rows >= 0 else None,  # dbt reports -1 when there is no count
        compiled_code=result.get("compiled_code"),
    )


def _failure_sentences(failed: Sequence[NodeResult], raised: str) -> str:
    """One sentence for each failed node, else dbt's own error."""
    if not failed:
        why = raised.strip() or "it was interrupted"
        return f"dbt did not finish, and nothing was published: {why}"
    lines = [f"  {node.sentence()}" for node in failed[:FAILURES_SHOWN]]
    if len(failed) > FAILURES_SHOWN:
        lines.append(f"  … and {len(failed) - FAILURES_SHOWN} more, see .warehouse/logs/dbt.log")
    noun = "node" if len(failed) == 1 else "nodes"
    lines.append("Their SQL is under .warehouse/dbt/compiled and .warehouse/dbt/run.")
    return "\n".join([f"The build failed at {len(failed)} {noun}, and nothing was published:", *lines])


class _Counter:
    """Counts finished nodes; the total is known once dbt has written its manifest."""

    def __init__(self, target: Path, on_progress: OnProgress) -> None:
        self._manifest = target / MANIFEST
        self._on_progress = on_progress
        self._guard = threading.Lock()  # nodes finish in different threads
        self._done = 0
        self._total = 0

    def count(self, _name: str) -> None:
        with self._guard:
            self._done += 1
            self._total = self._total or _count_nodes(self._manifest)
            self._on_progress(self._done, max(self._total, self._done))


def _count_nodes(manifest: Path) -> int:
    document = json.loads(manifest.read_text())
    built = [node for node in document["nodes"].values() if node["config"].get("materialized") != "ephemeral"]
    return len(built) + len(document.get("unit_tests", {})) + len(document.get("functions", {}))
