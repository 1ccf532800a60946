"""The steps of a run as task runs of the current Prefect flow, with their retries, states and history."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from prefect import Task, runtime
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from flows.dbt.runner import BuildReport
from flows.pipeline.transient import scheduled_delays, should_retry

T = TypeVar("T")

logger = logging.getLogger(__name__)

NODES = "dbt-nodes"
"""Key of the artifact that lists the nodes of a build."""

# Retries only for transient errors. Results stay in this process, and no task is skipped because of a cache.
TRANSIENT: dict[str, Any] = {
    "retries": len(scheduled_delays()),
    "retry_delay_seconds": scheduled_delays(),
    "retry_condition_fn": should_retry,
    "cache_policy": NO_CACHE,
    "persist_result": False,
}


class PrefectEngine:
    """Runs each step as a task run; dbt runs inside the build's task."""

    def step(self, name: str, body: Callable[[], T]) -> T:
        return Task(fn=body, name=name, task_run_name=name, **TRANSIENT)()

    def keep(self, report: BuildReport) -> None:
        """Store an artifact of the task run: a table of the nodes, slowest first."""
        table = [
            {
                "node": node.name,
                "kind": node.kind,
                "status": node.status,
                "seconds": round(node.seconds, 3),
                "rows": node.rows,
                "message": node.message,
            }
            for node in report.slowest(len(report.nodes))
        ]
        description = f"{len(report.nodes)} nodes of dbt in {report.seconds:.1f} s."
        try:
            create_table_artifact(table, key=NODES, description=description)
        except Exception as error:  # noqa: BLE001 - optional: ops.run_nodes has the nodes
            logger.warning("Prefect did not accept the list of nodes: %s", error)


@contextmanager
def failures_logged(kind: str) -> Iterator[None]:
    """Log the error of the body when it runs on a schedule, where no user watches the console."""
    try:
        yield
    except BaseException as error:
        if runtime.deployment.id:
            logger.error("The %s run failed: %s", kind, error)  # noqa: TRY400 - no traceback needed
        raise
