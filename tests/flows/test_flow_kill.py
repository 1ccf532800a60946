"""kill -9 at each step of the flow: readers stay where they were, the next run ends as if never killed.

The run is stopped at a step by a lock that the test holds on what the step needs, and killed there.
"""

from pathlib import Path

import pytest
from flow_helpers import NEW_DATE, CommandLine, all_marts, copy_of, kill_at, last_run, news, one

from warehouse.connections import Warehouse
from warehouse.locks import LOAD_LOCK

pytestmark = pytest.mark.slow

STEPS = {
    "load": "lock table raw.prices in access exclusive mode",
    "plan": f"select pg_advisory_xact_lock_shared({LOAD_LOCK})",
    "first_fact": "lock table intermediate.int_calendar in access exclusive mode",
    "sql_fact": "lock table intermediate.int_prices in access exclusive mode",
    "python_fact": "lock table intermediate.int_symbol_factor_betas in access exclusive mode",
    "last_fact": "lock table intermediate.int_exposures_by_group in access exclusive mode",
    "published_copy": "lock table published.pub_position_values in access exclusive mode",
    "mart_view": "lock table marts.fct_portfolio_snapshots in access share mode",
    "publication": "lock table ops.publications in share mode",
    "record_of_the_end": "select from ops.runs where status = 'running' for update",
}
PUBLISHED_BEFORE_THE_KILL = ("record_of_the_end",)


@pytest.fixture(scope="module")
def undisturbed(
    published: Warehouse, prefect_url: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[str]]:
    """Every mart after a run that nobody disturbed."""
    twin = CommandLine(copy_of(published, "undisturbed"), prefect_url)
    folder = news(tmp_path_factory.mktemp("undisturbed"))
    twin.succeed("nightly", "--force", "--source", "files", "--prices", str(folder))
    return all_marts(twin.warehouse)


@pytest.mark.parametrize("step", STEPS)
def test_kill(step: str, copied: CommandLine, undisturbed: dict[str, list[str]], tmp_path: Path) -> None:
    warehouse = copied.warehouse
    before = all_marts(warehouse)
    arguments = ("nightly", "--force", "--source", "files", "--prices", str(news(tmp_path / "news")))
    kill_at(copied, STEPS[step], *arguments)
    if step not in PUBLISHED_BEFORE_THE_KILL:
        assert all_marts(warehouse) == before
        assert one(warehouse, "select count(*) from ops.publications") == 1
    assert last_run(warehouse)["status"] == "running"

    copied.succeed(*arguments)
    assert one(warehouse, "select max(as_of_date) from marts.fct_portfolio_snapshots") == NEW_DATE
    assert one(warehouse, "select status from ops.runs order by run_id desc offset 1 limit 1") == "abandoned"
    after = all_marts(warehouse)
    different = [mart for mart in undisturbed if after[mart] != undisturbed[mart]]
    assert different == []
