"""The results of a run of the nightly flow, read from its record and from dbt's artifacts."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flows.environment import dbt_target
from tests.benchmarks.measure import SIGMASIGHT, BenchmarkError, Finished, run_process
from warehouse.connections import Warehouse

WRITTEN = frozenset({"mart", "build_table"})
"""Materializations into which a build writes rows; others are views, tests, seeds, functions."""

LAST_RUN = "select status, steps from ops.runs order by run_id desc limit 1"


@dataclass(frozen=True)
class Node:
    """One node of a dbt build.

    seconds: measured by dbt. rows: written by a model, else 0. file: the SQL that dbt sent to the server.
    """

    name: str
    materialized: str
    relation: str
    file: Path
    seconds: float
    begun: datetime
    ended: datetime
    rows: int

    @property
    def is_test(self) -> bool:
        return self.materialized == "test"

    @property
    def is_model(self) -> bool:
        return self.materialized in WRITTEN | {"view_in_place"}

    @property
    def is_python(self) -> bool:
        return self.file.suffix == ".py"


@dataclass(frozen=True)
class Build:
    """A run with a build. nodes: in the order in which dbt finished them, parents first."""

    command: Finished
    steps: dict[str, float]
    nodes: tuple[Node, ...]

    @property
    def rows(self) -> int:
        """Rows written into facts and published tables."""
        return sum(node.rows for node in self.nodes)

    @property
    def nodes_wall_seconds(self) -> float:
        """From the start of dbt's first node to the end of its last."""
        begun = min(node.begun for node in self.nodes)
        return (max(node.ended for node in self.nodes) - begun).total_seconds()

    @property
    def nodes_added_seconds(self) -> float:
        """Total seconds of all nodes, more than the wall time because nodes run in parallel."""
        return sum(node.seconds for node in self.nodes)

    def slowest(self, count: int = 5) -> list[Node]:
        """The slowest nodes."""
        return sorted(self.nodes, key=lambda node: -node.seconds)[:count]


def run_nightly(warehouse: Warehouse) -> Build:
    """Run `sigmasight nightly` on the warehouse. Raises BenchmarkError if it publishes nothing."""
    return run_build(warehouse, "nightly", "--force")


def run_build(warehouse: Warehouse, *arguments: str) -> Build:
    """Run a command that builds. Raises BenchmarkError if it publishes nothing."""
    home = warehouse.settings.sigmasight_home
    command = run_process([SIGMASIGHT, *arguments], home=home)
    with warehouse.connect_writer() as connection:
        status, steps = connection.execute(LAST_RUN).fetchall()[0]
    if status != "succeeded":
        raise BenchmarkError(f"The run ended as {status}, not as succeeded:\n{command.output}")
    return Build(command, {step["step"]: step["seconds"] for step in steps}, read_nodes(warehouse))


def read_nodes(warehouse: Warehouse) -> tuple[Node, ...]:
    """The nodes of the last build of this warehouse."""
    target = dbt_target(warehouse.settings)
    manifest = json.loads((target / "manifest.json").read_text())
    described = manifest["nodes"] | manifest["functions"]
    results = json.loads((target / "run_results.json").read_text())["results"]
    return tuple(_node(described[result["unique_id"]], result) for result in results)


def _node(described: dict[str, Any], result: dict[str, Any]) -> Node:
    is_written = described["config"]["materialized"] in WRITTEN
    return Node(
        name=described["name"],
        materialized=described["config"]["materialized"],
        relation=described["relation_name"] or "",
        file=Path(described["build_path"]),
        seconds=float(result["execution_time"]),
        begun=min(datetime.fromisoformat(step["started_at"]) for step in result["timing"]),
        ended=max(datetime.fromisoformat(step["completed_at"]) for step in result["timing"]),
        rows=result["adapter_response"].get("rows_affected", 0) if is_written else 0,
    )
