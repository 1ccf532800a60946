"""A build whose Python models are split over Dask workers."""

from dataclasses import replace

import pytest

from tests.flows.flow_helpers import CommandLine, all_marts, one

pytestmark = [pytest.mark.slow, pytest.mark.long]  # whole builds

FIRST_DATE = "select min(as_of_date) from ops.publication_dates"


def split(command: CommandLine, scheduler: str) -> CommandLine:
    """The command line with a cluster, and parts of a few symbols and contracts."""
    update = {"dask_scheduler": scheduler, "dask_symbols": 1, "dask_contracts": 2, "model_processes": 2}
    settings = command.warehouse.settings.model_copy(update=update)
    return replace(command, warehouse=replace(command.warehouse, settings=settings))


def figures(command: CommandLine) -> dict[str, list[str]]:
    """What readers see of the newest publication, without the list of publications."""
    rows = all_marts(command.warehouse)
    seen = (name for name in rows if name.startswith("marts."))
    return {name: rows[name] for name in seen if name != "marts.fct_publications"}


def test_a_build_over_workers_changes_no_figure(copied: CommandLine) -> None:
    pytest.importorskip("distributed", reason="distributed is not installed")
    before = figures(copied)
    first = one(copied.warehouse, FIRST_DATE)
    split(copied, "local").succeed("rebuild", "--from", str(first))
    assert len(before["marts.fct_position_greeks"]) > 1
    assert figures(copied) == before


def test_a_build_without_its_scheduler_publishes_nothing_and_says_why(copied: CommandLine) -> None:
    pytest.importorskip("distributed", reason="distributed is not installed")
    before = one(copied.warehouse, "select count(*) from ops.publications")
    first = str(one(copied.warehouse, FIRST_DATE))
    done = split(copied, "tcp://127.0.0.1:9").run("rebuild", "--from", first)
    assert done.returncode == 1
    assert "on the Dask cluster at tcp://127.0.0.1:9: the scheduler cannot be reached" in done.stderr
    assert one(copied.warehouse, "select count(*) from ops.publications") == before
