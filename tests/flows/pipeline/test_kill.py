"""kill -9 at each step of the flow: readers see no change, the next run ends as if never killed.

The run is stopped at a step by a lock that the test holds, and killed there.
"""

from pathlib import Path

import pytest

from tests.database_copies import copy_of
from tests.flows.flow_helpers import NEW_DATE, CommandLine, all_marts, kill_at, last_run, news, one
from warehouse.connections import Warehouse
from warehouse.locks import LOAD_LOCK

pytestmark = [pytest.mark.slow, pytest.mark.long]  # kills a nightly run at every step

BARRIERS = {
    "load": "lock table raw.prices in access exclusive mode",
    "plan": f"select pg_advisory_xact_lock_shared({LOAD_LOCK})",
    "sql_fact": "lock table published.fct_prices in access exclusive mode",
    "python_fact": "lock table published.fct_symbol_factor_betas in access exclusive mode",
    "published_copy": "lock table published.int_position_values in access exclusive mode",
    "mart_view": "lock table marts.fct_portfolio_snapshots in access share mode",
    "publication": "lock table ops.publications in share mode",
    "record_of_the_end": "select pg_advisory_xact_lock(1)",
}

# In each chain the run is killed at the first step, run again and killed at the next one, and so on, and
# finally run to its end.
CHAINS = {
    "early": ("load", "sql_fact", "published_copy", "publication"),
    "late": ("plan", "python_fact", "mart_view", "record_of_the_end"),
}

# No other session writes the row with status "succeeded", so only a trigger can stop the run there. The
# database may finish that statement after the kill: then the record is correct, and there is nothing to
# recover.
WAIT_AT_THE_END = """
create function ops.wait_at_the_end() returns trigger language plpgsql as
$$ begin perform pg_advisory_xact_lock(1); return new; end $$;
create trigger wait_at_the_end before update on ops.runs
for each row when (new.status = 'succeeded') execute function ops.wait_at_the_end();
"""


@pytest.fixture(scope="module")
def undisturbed(published: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Every mart after an undisturbed run."""
    copy = CommandLine(copy_of(published, "undisturbed"))
    folder = news(tmp_path_factory.mktemp("undisturbed"))
    copy.succeed("nightly", "--force", "--source", "files", "--prices", str(folder))
    return all_marts(copy.warehouse)


@pytest.mark.parametrize("chain", CHAINS)
def test_killed_again_and_again(
    chain: str, copied: CommandLine, undisturbed: dict[str, list[str]], tmp_path: Path
) -> None:
    warehouse = copied.warehouse
    before = all_marts(warehouse)
    arguments = ("nightly", "--force", "--source", "files", "--prices", str(news(tmp_path / "news")))
    for step in CHAINS[chain]:
        if step == "record_of_the_end":
            with warehouse.connect_writer(autocommit=True) as connection:
                connection.execute(WAIT_AT_THE_END)
        if step == "mart_view":  # recreated only if built by another project version
            with warehouse.connect_writer(autocommit=True) as connection:
                connection.execute("update ops.built_projects set mark = 'of an older version'")
                connection.execute("comment on table published.fct_portfolio_snapshots is '{}'")
        kill_at(copied, BARRIERS[step], *arguments)
        if step != "record_of_the_end":
            assert all_marts(warehouse) == before, step
            assert one(warehouse, "select count(*) from ops.publications") == 1, step
            assert last_run(warehouse)["status"] == "running", step

    copied.succeed(*arguments)
    assert one(warehouse, "select max(as_of_date) from marts.fct_portfolio_snapshots") == NEW_DATE
    assert one(warehouse, "select count(*) from ops.publications") == 2
    assert one(warehouse, "select count(*) from ops.runs where status = 'running'") == 0
    assert one(warehouse, "select count(*) from ops.built_projects") == 1
    after = all_marts(warehouse)
    different = [mart for mart in undisturbed if after[mart] != undisturbed[mart]]
    assert different == []
