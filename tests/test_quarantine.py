"""A night on which checks fail for some portfolios: the others are published, these withheld until they pass.

Four portfolios of four users hold the same symbols. Two of them, one of which was never built, have a target
price for which the mart is a dollar off, which their check finds. The same night without that runs in a
second warehouse.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg.rows import dict_row

from api.app import create_app
from flows.alarms.watches import quarantine
from flows.alarms.watches.all_watches import look
from flows.alarms.watches.watch import View
from flows.environment import dbt_target
from flows.maintenance.superseded import prune_superseded
from flows.quarantine.withheld import changes_of
from flows.summaries.status import read_status
from flows.summaries.status_check import check_status
from ingestion.files.folder import load_folder
from ingestion.statements.load import load_positions
from tests.api.api_helpers import add_user, log_in
from tests.claims import claim, user_of
from tests.database_copies import copy_of, drop
from tests.flows.flow_helpers import (
    ENTRY_DATE,
    LAST_DATE,
    LATE_DATE,
    NEW_DATE,
    POSITIONS,
    CommandLine,
    load_history,
    news,
    one,
)
from tests.shared_builds import SharedBuilds
from warehouse.connections import Warehouse

pytestmark = [pytest.mark.slow, pytest.mark.long]  # eight small builds

OLD, NEW, GOOD, ALSO_GOOD = "Test portfolio", "New portfolio", "Good portfolio", "Also good"
OWNERS = {
    OLD: "jane@example.com",
    NEW: "new@example.com",
    GOOD: "good@example.com",
    ALSO_GOOD: "also@example.com",
}
WRONG, RIGHT = "231", "230"
TEST = "assert_target_prices_agree_with_positions"
GREEKS = "assert_greeks_are_the_slopes_of_prices"
REASON = f"A check of the build fails for this portfolio: {TEST}."

# What no data lead to any more: a fault of the mart itself, for the portfolios with that target price.
FAULT = """
create or replace function published.dollar_off() returns trigger language plpgsql as
$$ begin new.market_value := new.market_value + 1; return new; end $$;
create or replace trigger dollar_off before insert on published.fct_target_prices
for each row when (new.target_price_eoy = %s) execute function published.dollar_off()
"""

# Of the run, of loads, or sums over portfolios: they differ between the two warehouses.
OF_THE_RUN = (
    *("fct_publications", "fct_loads", "fct_restatements", "fct_restatement_summary", "fct_quarantine"),
)
RUN_COLUMNS = "publication_id,published_at,created_at,updated_at,load_id,target_created_at,target_updated_at"


class Night(NamedTuple):
    """A warehouse after the night.

    before: the rows of all marts before it. output: what the command said. checks: its identities, as SQL.
    """

    warehouse: Warehouse
    before: dict[str, set[str]]
    output: str
    checks: dict[str, str]


def _add(warehouse: Warehouse, folder: Path, *names: str) -> None:
    file = folder / "positions.csv"
    file.write_text(POSITIONS)
    with warehouse.connect_writer() as connection:
        for name in names:
            load_positions(
                connection,
                file,
                portfolio_name=name,
                owner_email=OWNERS[name],
                equity=Decimal(100_000),
                statement_date=LAST_DATE,
            )


def _set_target(warehouse: Warehouse, name: str, target: str) -> None:
    """The target price of AAPL; as long as it is WRONG, what is built from it is a dollar off."""
    CommandLine(warehouse).succeed("targets", "set", name, "AAPL", "--eoy", target, "--from", str(LATE_DATE))
    if target == WRONG:
        with warehouse.connect_writer() as connection:
            connection.execute((FAULT % WRONG).encode())


def _marts(warehouse: Warehouse) -> dict[str, set[str]]:
    """The rows of all marts as text, without what belongs to a run."""
    with warehouse.connect_analyst(autocommit=True) as connection:
        views = connection.execute(
            "select table_name from information_schema.views where table_schema = 'marts' order by 1"
        ).fetchall()
        select = f"select (to_jsonb(m) - '{{{RUN_COLUMNS}}}'::text[])::text from marts."
        return {
            mart: {row for (row,) in connection.execute(f"{select}{mart} as m".encode())}
            for (mart,) in views
            if mart not in OF_THE_RUN
        }


def _id(warehouse: Warehouse, name: str) -> str:
    return str(
        one(warehouse, "select portfolio_id from raw.newest_portfolios where portfolio_name = %s", [name])
    )


def _without(marts: dict[str, set[str]], *portfolio_ids: str) -> dict[str, set[str]]:
    return {
        mart: {row for row in rows if not any(key in row for key in portfolio_ids)}
        for mart, rows in marts.items()
    }


def _differences(one: dict[str, set[str]], other: dict[str, set[str]]) -> dict[str, set[str]]:
    return {mart: one[mart] ^ other[mart] for mart in other if one[mart] != other[mart]}


def _only(marts: dict[str, set[str]], portfolio_id: str) -> dict[str, set[str]]:
    return {mart: {row for row in rows if portfolio_id in row} for mart, rows in marts.items()}


def _run_night(warehouse: Warehouse, folder: Path, target: str) -> Night:
    before = _marts(warehouse)
    _add(warehouse, folder, NEW)
    for name in (OLD, NEW):
        _set_target(warehouse, name, target)
    with warehouse.connect_writer() as connection:
        load_folder(connection, news(folder / "news"))
    output = CommandLine(warehouse).succeed("nightly", "--force")
    compiled = dbt_target(warehouse.settings) / "compiled/sigmasight/tests/identities"
    return Night(warehouse, before, output, {file.stem: file.read_text() for file in compiled.rglob("*.sql")})


@pytest.fixture(scope="module")
def base(shared_builds: SharedBuilds, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Three portfolios, published once, and their users."""

    def build(warehouse: Warehouse) -> str:
        folder = tmp_path_factory.mktemp("base")
        load_history(warehouse, folder / "history")
        _add(warehouse, folder, GOOD, ALSO_GOOD)
        for email in OWNERS.values():
            add_user(warehouse, email)
        return CommandLine(warehouse).succeed("nightly", "--force")

    return shared_builds.copy("four_portfolios", build).warehouse


@pytest.fixture(scope="module")
def undisturbed(base: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    copy = copy_of(base, "undisturbed")
    yield _run_night(copy, tmp_path_factory.mktemp("undisturbed"), RIGHT)
    drop(copy)


@pytest.fixture(scope="module")
def disturbed(base: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    copy = copy_of(base, "disturbed")
    yield _run_night(copy, tmp_path_factory.mktemp("disturbed"), WRONG)
    drop(copy)


@pytest.fixture(scope="module")
def later(disturbed: Night) -> Iterator[Warehouse]:
    """A copy of the night's warehouse, for what comes after it; made before anything connects to that."""
    copy = copy_of(disturbed.warehouse, "after_the_night")
    yield copy
    drop(copy)


@pytest.fixture
def copied(base: Warehouse) -> Iterator[CommandLine]:
    copy = copy_of(base, "of_quarantine")
    yield CommandLine(copy)
    drop(copy)


@pytest.fixture(scope="module")
def api(disturbed: Night, later: Warehouse) -> Iterator[TestClient]:
    assert later
    with ExitStack() as clients:
        yield clients.enter_context(TestClient(create_app(disturbed.warehouse.settings)))


def _get(api: TestClient, name: str, path: str, **parameters: Any) -> Any:
    headers = log_in(api, OWNERS[name])
    return api.get(f"/api/v1/{path}", params=parameters, headers=headers)


# --- the night --------------------------------------------------------------------------------------------


def test_the_others_are_published_with_the_numbers_of_an_undisturbed_night(
    disturbed: Night, undisturbed: Night
) -> None:
    ids = [_id(disturbed.warehouse, name) for name in (OLD, NEW)]
    found, expected = (_without(_marts(night.warehouse), *ids) for night in (disturbed, undisturbed))
    # sessions before the night count the new portfolio among the holders of a symbol when it is built
    for marts in (found, expected):
        since = f'"as_of_date": "{LATE_DATE}"'
        rows = marts["fct_data_quality"]
        marts["fct_data_quality"] = {row for row in rows if row[row.index('"as_of_date"') :] >= since}
    assert _differences(found, expected) == {}
    good = _id(disturbed.warehouse, GOOD)
    last = "select max(as_of_date) from marts.fct_portfolio_snapshots where portfolio_id = %s"
    assert one(disturbed.warehouse, last, [good]) == NEW_DATE


def test_a_withheld_portfolio_keeps_its_publication(disturbed: Night) -> None:
    old = _id(disturbed.warehouse, OLD)
    before = _only(disturbed.before, old)
    assert len(before["fct_position_values"]) > 100
    assert _only(_marts(disturbed.warehouse), old) == before
    restated = "select count(*) from marts.fct_restatements where portfolio_id = %s"
    assert one(disturbed.warehouse, restated, [old]) == 0
    assert one(disturbed.warehouse, restated, [_id(disturbed.warehouse, GOOD)]) > 0


def test_no_table_has_rows_of_a_withheld_portfolio_under_the_publication(disturbed: Night) -> None:
    newest = "(select max(publication_id) from ops.publications)"
    tables = """select table_name from information_schema.columns
        join information_schema.tables using (table_schema, table_name)
        where table_schema = 'published' and column_name = 'portfolio_id' and table_type = 'BASE TABLE'"""
    with disturbed.warehouse.connect_writer(autocommit=True) as connection:
        names = [name for (name,) in connection.execute(tables.encode())]
        assert len(names) > 20
        ids = [_id(disturbed.warehouse, withheld) for withheld in (OLD, NEW)]
        for name in names:
            built = f"select count(*) from published.{name} where publication_id = {newest}"
            found = connection.execute(f"{built} and portfolio_id = any(%s)".encode(), [ids])
            assert found.fetchone() == (0,), name


def test_a_portfolio_that_was_never_built_is_absent_with_the_reason(disturbed: Night) -> None:
    new = _id(disturbed.warehouse, NEW)
    assert not any(_only(_marts(disturbed.warehouse), new).values())
    columns = (
        "select missing_from, last_published_date, reason from marts.fct_quarantine where portfolio_id = %s"
    )
    with disturbed.warehouse.connect_analyst(autocommit=True) as connection:
        assert connection.execute(columns.encode(), [new]).fetchall() == [(ENTRY_DATE, None, REASON)]


def test_the_mart_says_since_when_and_why(disturbed: Night) -> None:
    with psycopg.connect(disturbed.warehouse.analyst_url, row_factory=dict_row) as connection:
        rows = connection.execute("select * from marts.fct_quarantine order by portfolio_name").fetchall()
        published = connection.execute(
            "select max(published_at) as at from marts.fct_publications"
        ).fetchone()
    assert published is not None
    assert [row["portfolio_name"] for row in rows] == [NEW, OLD]
    assert rows[1] == {
        "portfolio_id": rows[1]["portfolio_id"],
        "portfolio_name": OLD,
        "withheld_since": published["at"],
        "last_published_date": LAST_DATE,
        "missing_from": LATE_DATE,
        "failed_tests": [TEST],
        "reason": REASON,
    }


def test_the_command_status_and_show_say_so(disturbed: Night) -> None:
    assert f"withheld   {OLD} since" in disturbed.output
    status = read_status(disturbed.warehouse)
    assert [each.portfolio_name for each in status.withheld] == [NEW, OLD]
    assert any("2 portfolios are withheld" in finding.sentence for finding in check_status(status).findings)
    command = CommandLine(disturbed.warehouse)
    assert f"withheld   {OLD} since" in command.succeed("status")
    shown = " ".join(command.succeed("show", OLD).split())
    assert f"on {LAST_DATE}" in shown
    assert "WITHHELD since" in shown
    assert REASON in shown
    assert "WITHHELD, no figures yet." in command.succeed("show", NEW)
    assert "WITHHELD" not in command.succeed("show", GOOD)


def test_alarms_report_what_is_withheld(disturbed: Night) -> None:
    newest = one(disturbed.warehouse, "select max(publication_id) from ops.publications")
    with disturbed.warehouse.connect_writer(autocommit=True) as connection:
        withheld, released = changes_of(connection, newest)
        view = View(connection, disturbed.warehouse.settings, datetime.now(UTC), NEW_DATE)
        found = look(view, quarantine.WATCHES)
    assert [each.portfolio_name for each in withheld] == [NEW, OLD]
    assert released == []
    assert [finding.kind for finding in found.findings] == 2 * ["portfolio_withheld"]
    assert f"the portfolio {OLD} since" in found.findings[1].sentence


def test_verify_finds_nothing_but_what_is_withheld(disturbed: Night) -> None:
    CommandLine(disturbed.warehouse).succeed("verify")


# --- answers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        *("data/portfolio/{}/snapshot", "data/portfolio/{}/complete", "analytics/portfolio/{}/overview"),
        *("analytics/portfolio/{}/concentration", "portfolios/{}"),
    ],
)
def test_an_answer_about_a_withheld_portfolio_is_of_its_last_session_and_marked(
    api: TestClient, disturbed: Night, path: str
) -> None:
    old = _id(disturbed.warehouse, OLD)
    for asked in ({}, {"as_of_date": str(NEW_DATE)}):
        answer = _get(api, OLD, path.format(old), **asked)
        assert answer.status_code == 200, answer.text
        assert answer.headers["X-As-Of-Date"] == str(LAST_DATE)
        assert answer.headers["X-Withheld-Portfolios"] == old
        (mark,) = answer.json()["withheld"]
        assert (mark["portfolio_id"], mark["last_published_date"]) == (old, str(LAST_DATE))
        assert mark["reason"] == REASON


def test_the_list_has_the_last_session_of_each_portfolio(api: TestClient) -> None:
    (row,) = _get(api, OLD, "data/portfolios").json()
    assert (row["as_of_date"], row["withheld_reason"]) == (str(LAST_DATE), REASON)
    (row,) = _get(api, GOOD, "data/portfolios").json()
    assert (row["as_of_date"], row["withheld_reason"], row["withheld_since"]) == (str(NEW_DATE), None, None)


def test_a_sum_leaves_it_out_and_says_so(api: TestClient) -> None:
    answer = _get(api, OLD, "analytics/aggregate/overview").json()
    assert answer["portfolio_count"] == 0
    assert [mark["portfolio_name"] for mark in answer["withheld"]] == [OLD]


def test_a_report_is_of_the_last_session_and_has_a_notice(api: TestClient, disturbed: Night) -> None:
    old = _id(disturbed.warehouse, OLD)
    document = _get(api, OLD, f"reports/{old}").json()
    assert document["metadata"]["as_of_date"] == str(LAST_DATE)
    assert REASON in document["metadata"]["withheld_notice"]
    assert REASON in _get(api, OLD, f"reports/{old}", format="md").text.replace("\\", "")


def test_an_answer_without_figures_gives_the_reason(api: TestClient, disturbed: Night) -> None:
    answer = _get(api, NEW, f"data/portfolio/{_id(disturbed.warehouse, NEW)}/snapshot")
    assert answer.status_code == 422
    assert REASON in answer.json()["detail"]


def test_an_earlier_publication_shows_no_mark(api: TestClient, disturbed: Night) -> None:
    first = one(disturbed.warehouse, "select min(published_at) from ops.publications").isoformat()
    old = _id(disturbed.warehouse, OLD)
    answer = _get(api, OLD, f"data/portfolio/{old}/snapshot", published_at=first)
    assert "withheld" not in answer.json()
    assert "X-Withheld-Portfolios" not in answer.headers
    assert answer.headers["X-As-Of-Date"] == str(LAST_DATE)


def test_other_users_see_nothing_of_it(api: TestClient, disturbed: Night) -> None:
    old = _id(disturbed.warehouse, OLD)
    for path in ("data/portfolios", "analytics/aggregate/overview", "restatements", "publications"):
        answer = _get(api, GOOD, path)
        assert answer.status_code == 200
        assert "X-Withheld-Portfolios" not in answer.headers
        assert 'withheld":' not in answer.text.replace("withheld_", "")
        assert old not in answer.text
    assert _get(api, GOOD, f"data/portfolio/{old}/snapshot").status_code == 404
    unknown = _get(api, GOOD, "data/portfolio/00000000-0000-4000-8000-000000000000/snapshot").json()
    other = _get(api, GOOD, f"data/portfolio/{old}/snapshot").json()
    assert (unknown["code"], unknown["detail"]) == (other["code"], other["detail"])


def test_the_row_filter_hides_rows_and_counts(disturbed: Night) -> None:
    with _reading_as(disturbed.warehouse, OWNERS[GOOD]) as connection:
        for schema in ("marts", "marts_history"):
            found = connection.execute(f"select count(*) from {schema}.fct_quarantine".encode()).fetchone()
            assert found == (0,)
    with _reading_as(disturbed.warehouse, OWNERS[OLD]) as connection:
        found = connection.execute("select portfolio_name from marts.fct_quarantine").fetchall()
        assert found == [(OLD,)]


@contextmanager
def _reading_as(warehouse: Warehouse, email: str) -> Iterator[psycopg.Connection[Any]]:
    """A transaction as the API's role, for this user."""
    with psycopg.connect(warehouse.api_url) as connection:
        claim(connection, user_of(warehouse, email))
        yield connection
        connection.rollback()


# --- release ----------------------------------------------------------------------------------------------


def test_a_withheld_portfolio_is_released_alone_and_by_the_next_night(
    later: Warehouse, disturbed: Night, undisturbed: Night
) -> None:
    """In the order of an operator: still wrong, one corrected and built alone, the other by the night."""
    command = CommandLine(later)
    with later.connect_writer(autocommit=True) as connection:
        assert prune_superseded(connection, datetime.now(UTC)).rows > 0
    kept = _id(later, OLD)
    assert _only(_marts(later), kept) == _only(disturbed.before, kept)
    publications = one(later, "select count(*) from ops.publications")
    assert "nothing has changed" in command.succeed("nightly", "--force")
    assert one(later, "select count(*) from ops.publications") == publications

    _set_target(later, NEW, RIGHT)
    untouched = _without(_marts(later), _id(later, NEW))
    assert f"released   {NEW}" in command.succeed("nightly", "--portfolio", "new portfolio")
    assert _names(later) == [OLD]
    differences = _differences(_without(_marts(later), _id(later, NEW)), untouched)
    assert differences.keys() <= {"fct_data_quality"}  # the number of holders of a symbol

    stuck = command.run("nightly", "--portfolio", OLD)
    assert stuck.returncode == 5
    assert REASON in " ".join(stuck.stderr.split())

    _set_target(later, OLD, RIGHT)
    assert f"released   {OLD}" in command.succeed("nightly", "--force")
    assert _names(later) == []
    assert _differences(_marts(later), _marts(undisturbed.warehouse)) == {}
    newest = one(later, "select max(publication_id) from ops.publications")
    with later.connect_writer(autocommit=True) as connection:
        _, released = changes_of(connection, newest)
    assert [each.portfolio_name for each in released] == [OLD]
    assert one(later, "select count(*) from marts_history.fct_quarantine where superseded_at is null") == 0
    assert "nothing has changed" in command.succeed("nightly", "--force")


def test_a_past_report_is_rebuilt_without_what_was_withheld_then(disturbed: Night, later: Warehouse) -> None:
    assert later  # copied before
    then = one(disturbed.warehouse, "select max(published_at) from ops.publications").isoformat()
    options = ("--known-at", then, "--schema", "audit", "--compare")
    CommandLine(disturbed.warehouse).succeed("rebuild", *options)


def _names(warehouse: Warehouse) -> list[str]:
    with warehouse.connect_analyst(autocommit=True) as connection:
        rows = connection.execute("select portfolio_name from marts.fct_quarantine order by 1").fetchall()
    return [name for (name,) in rows]


# --- which tests withhold ---------------------------------------------------------------------------------

# Of symbols and factors, which concern every portfolio.
STOP_EVERYTHING = {
    "assert_benchmark_sectors_add_up",
    "assert_factor_correlations_are_correlations",
    "assert_factor_funds_return_their_shocks",
    "assert_stress_has_the_right_sign",
    "assert_the_market_is_its_own_factor",
}


def test_identities_name_portfolios_also_those_of_option_contracts(undisturbed: Night) -> None:
    assert len(undisturbed.checks) > 25
    with undisturbed.warehouse.connect_writer() as connection:
        nameless = {
            name
            for name, check in undisturbed.checks.items()
            if "portfolio_id" not in _columns(connection, f"select * from ({check}) as failing")
        }
    assert nameless == STOP_EVERYTHING


def test_a_wrong_contract_is_of_the_portfolios_that_hold_it(undisturbed: Night) -> None:
    """The rows that the check finds, without its condition, name each holder of each contract."""
    statement, _, _ = undisturbed.checks[GREEKS].rpartition("\nwhere")
    with undisturbed.warehouse.connect_writer() as connection:
        found = connection.execute(
            f"select portfolio_id, contract from ({statement}) as f".encode()
        ).fetchall()
        held = connection.execute(
            "select distinct portfolio_id, contract from intermediate.int_option_days"
        ).fetchall()
    assert {*found} == {*held} != set()


def _columns(connection: psycopg.Connection[Any], statement: str) -> set[str]:
    described = connection.execute(f"{statement} limit 0".encode()).description
    assert described is not None
    return {column.name for column in described}


# --- an error of a model ----------------------------------------------------------------------------------


def test_an_error_of_a_model_withholds_only_the_portfolio_with_its_cause(
    copied: CommandLine, tmp_path: Path
) -> None:
    """Two of four portfolios have new data; one of them has a quantity that overflows."""
    warehouse = copied.warehouse
    _set_target(warehouse, OLD, RIGHT)
    _add(warehouse, tmp_path, NEW)
    new = _id(warehouse, NEW)
    with warehouse.connect_writer() as connection:
        load_folder(connection, news(tmp_path / "news"))
        connection.execute("update raw.positions set quantity = 1e29 where portfolio_id = %s", [new])
    done = copied.succeed("nightly", "--force")
    assert f"released   {OLD}" in done
    assert _names(warehouse) == [NEW]
    newest = """select portfolio_name from marts.fct_portfolio_snapshots
        join marts.dim_portfolios using (portfolio_id) where as_of_date = %s order by 1"""
    with warehouse.connect_analyst(autocommit=True) as connection:
        found = connection.execute(newest.encode(), [NEW_DATE]).fetchall()
        assert [name for (name,) in found] == [ALSO_GOOD, GOOD, OLD]
        reason = connection.execute("select reason from marts.fct_quarantine").fetchone()
    assert reason is not None
    assert reason[0].startswith("The build stops with an error since data of this portfolio changed: ")
    assert "overflow" not in reason[0]

    publications = one(warehouse, "select count(*) from ops.publications")
    assert "nothing has changed" in copied.succeed("nightly", "--force")
    assert one(warehouse, "select count(*) from ops.publications") == publications


# --- what stops the night ---------------------------------------------------------------------------------


def test_a_failure_of_shared_data_publishes_nothing(copied: CommandLine, tmp_path: Path) -> None:
    warehouse = copied.warehouse
    _set_target(warehouse, OLD, WRONG)
    with warehouse.connect_writer() as connection:
        load_folder(connection, news(tmp_path / "news"))
        damage = "update published.fct_prices set total_return_index = -1 where symbol = 'MSFT'"
        connection.execute(damage.encode())
    before = _marts(warehouse)
    done = copied.run("nightly", "--force")
    assert done.returncode == 1
    assert "prices_and_returns_are_possible" in done.stderr
    assert _marts(warehouse) == before
    assert _names(warehouse) == []


def test_a_failure_of_every_portfolio_publishes_nothing(copied: CommandLine, tmp_path: Path) -> None:
    warehouse = copied.warehouse
    for name in (OLD, GOOD, ALSO_GOOD):
        _set_target(warehouse, name, WRONG)
    with warehouse.connect_writer() as connection:
        load_folder(connection, news(tmp_path / "news"))
    before = _marts(warehouse)
    done = copied.run("nightly", "--force")
    assert done.returncode == 1
    assert TEST in done.stderr
    assert _marts(warehouse) == before
    assert _names(warehouse) == []


def test_one_portfolio_cannot_be_built_while_prices_wait(copied: CommandLine, tmp_path: Path) -> None:
    with copied.warehouse.connect_writer() as connection:
        load_folder(connection, news(tmp_path / "news"))
    _set_target(copied.warehouse, OLD, RIGHT)
    done = copied.run("nightly", "--portfolio", OLD)
    assert done.returncode == 1
    assert "cannot be built alone now" in done.stderr
