"""Windows without withheld portfolios, and windows of single portfolios."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
import pytest

from flows.database import value
from flows.dbt.runner import BuildReport, NodeResult
from flows.errors import WindowError
from flows.pipeline.window import Window, fix_known_at, plan_window
from flows.quarantine.failures import Failure, find_failures
from flows.quarantine.suspects import find_suspects
from flows.quarantine.window import plan_portfolios
from flows.quarantine.withheld import read_withheld
from tests.flows.pipeline.test_window import publish

Connection = psycopg.Connection[Any]
Load = Callable[..., int]

THURSDAY, FRIDAY, MONDAY, TUESDAY = (date(2025, 1, day) for day in (2, 3, 6, 7))
FAILURE = Failure.of({"equity"})


@pytest.fixture
def portfolios(connection: Connection, load_prices: Load, load_portfolio: Load) -> tuple[UUID, UUID]:
    """Two portfolios, published with prices up to Monday."""
    load_prices(THURSDAY, FRIDAY, MONDAY)
    for name in ("First", "Second"):
        load_portfolio(THURSDAY, name)
    publish(connection, plan_window(connection, known_at=fix_known_at(connection)))
    connection.execute(
        "insert into ops.portfolio_dates (portfolio_id, as_of_date, publication_id, published_at)"
        " select portfolio_id, inception_date, publication_id, published_at"
        " from raw.portfolios cross join ops.publications"
    )
    first, second = (
        value(connection, "select portfolio_id from raw.portfolios where portfolio_name = %s", [name])
        for name in ("First", "Second")
    )
    return first, second


def plan(connection: Connection, **asked: Any) -> Window | None:
    return plan_window(connection, known_at=fix_known_at(connection), **asked)


def plan_alone(connection: Connection, *portfolios: UUID, **asked: Any) -> Window | None:
    known_at = fix_known_at(connection)
    return plan_portfolios(connection, known_at=known_at, portfolios={*portfolios}, **asked)


def test_a_failed_portfolio_is_left_out_and_built_again_from_the_first_session_that_it_lacks(
    connection: Connection, portfolios: tuple[UUID, UUID], load_prices: Load
) -> None:
    first, _ = portfolios
    load_prices(TUESDAY)
    publish(connection, plan(connection, failures={first: FAILURE}))
    (withheld,) = read_withheld(connection)
    assert (withheld.portfolio_id, withheld.from_date, withheld.failure) == (first, TUESDAY, FAILURE)
    assert plan(connection) is None
    alone = plan_alone(connection, first)
    assert alone is not None
    assert (alone.portfolios, alone.market_from_date) == ({first: TUESDAY}, None)

    load_prices(FRIDAY, close=101)
    correction = plan(connection)
    assert correction is not None
    assert correction.withheld[first].from_date == FRIDAY
    publish(connection, correction)
    alone = plan_alone(connection, first)
    assert alone is not None
    assert alone.portfolios == {first: FRIDAY}
    publish(connection, alone)
    assert read_withheld(connection) == []


def test_no_reason_says_that_portfolios_are_withheld_or_how_many(
    connection: Connection, portfolios: tuple[UUID, UUID]
) -> None:
    # Silent failure prevented: every user reads in fct_publications what happened to the portfolios of others
    failures = dict.fromkeys(portfolios, FAILURE)
    withholding = plan(connection, failures=failures)
    publish(connection, withholding)
    alone = plan_alone(connection, *portfolios)
    still = plan_alone(connection, *portfolios, failures=failures)
    assert withholding is not None
    assert alone is not None
    assert still is not None
    assert withholding.reason == still.reason == "data of portfolios changed"
    assert alone.reason == f"data of portfolios changed from {alone.from_date} on"


def test_a_portfolio_without_news_is_not_built_alone(
    connection: Connection, portfolios: tuple[UUID, UUID]
) -> None:
    assert plan_alone(connection, portfolios[0]) is None


def test_a_portfolio_is_not_built_alone_while_prices_of_published_sessions_wait(
    connection: Connection, portfolios: tuple[UUID, UUID], load_prices: Load
) -> None:
    load_prices(TUESDAY)  # a later session changes nothing that is published
    assert plan_alone(connection, portfolios[0]) is None
    load_prices(FRIDAY, close=101)
    with pytest.raises(WindowError, match="numbers from 2025-01-03 on"):
        plan_alone(connection, portfolios[0])


def test_nothing_is_built_alone_before_the_first_publication(
    connection: Connection, load_prices: Load
) -> None:
    load_prices(THURSDAY)
    with pytest.raises(WindowError, match="Nothing is published yet"):
        plan_alone(connection, UUID(int=1))


@pytest.mark.usefixtures("portfolios")
def test_if_only_failed_portfolios_change_the_window_is_empty(
    connection: Connection, load_portfolio: Load
) -> None:
    load_portfolio(FRIDAY, "Third")
    third = value(connection, "select portfolio_id from raw.portfolios where portfolio_name = 'Third'")
    window = plan(connection, failures={third: FAILURE})
    assert window is not None
    assert window.is_empty
    assert window.withheld[third].from_date == FRIDAY
    number = publish(connection, window)
    covered = "select portfolios from ops.publications where publication_id = %s"
    assert value(connection, covered, [number]) == []
    assert [each.portfolio_id for each in read_withheld(connection)] == [third]


def node(statement: str, *, kind: str = "test", status: str = "fail") -> NodeResult:
    return NodeResult("test.x", "x", kind, status, 0, "", 1, 1, compiled_code=statement)


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([node(f"select cast('{UUID(int=1)}' as uuid) as portfolio_id")], {UUID(int=1)}),
        # one column of each of two joined relations
        (
            [node(f"select one.*, one.* from (select cast('{UUID(int=1)}' as uuid) as portfolio_id) as one")],
            {UUID(int=1)},
        ),
        ([node("select 'AAPL' as symbol")], None),
        ([node("select cast(null as uuid) as portfolio_id")], None),
        ([node("select 1", kind="model", status="error")], None),
        ([], None),
    ],
)
def test_a_failure_is_of_portfolios_only_if_all_failing_rows_are(
    connection: Connection, nodes: list[NodeResult], expected: set[UUID] | None
) -> None:
    failures = find_failures(connection, BuildReport(None, tuple(nodes), 1), {})
    assert (None if failures is None else {*failures}) == expected


def test_one_shared_failure_is_enough(connection: Connection) -> None:
    own = node(f"select cast('{UUID(int=1)}' as uuid) as portfolio_id")
    report = BuildReport(None, (own, node("select 1 as value")), 1)
    assert find_failures(connection, report, {}) is None


# --- errors of models -------------------------------------------------------------------------------------

STOPPED = BuildReport(None, (node("select 1", kind="model", status="error"),), 1)


def test_after_an_error_the_portfolios_with_new_data_are_suspected(
    connection: Connection, portfolios: tuple[UUID, UUID], load_prices: Load, load_portfolio: Load
) -> None:
    load_prices(TUESDAY)
    load_portfolio(FRIDAY, "Third")
    third = value(connection, "select portfolio_id from raw.portfolios where portfolio_name = 'Third'")
    window = plan(connection)
    assert window is not None
    found = find_suspects(connection, STOPPED, window)
    assert found == {third: Failure.of_error({"x"})}
    assert third not in portfolios
    without = plan(connection, failures=found)
    assert without is not None
    assert find_suspects(connection, STOPPED, without) is None


def test_of_a_group_that_is_built_alone_an_error_names_none(
    connection: Connection, portfolios: tuple[UUID, UUID], load_prices: Load
) -> None:
    load_prices(TUESDAY)
    publish(connection, plan(connection, failures=dict.fromkeys(portfolios, FAILURE)))
    both, one = plan_alone(connection, *portfolios), plan_alone(connection, portfolios[0])
    assert both is not None
    assert one is not None
    assert find_suspects(connection, STOPPED, both) is None
    assert find_suspects(connection, STOPPED, one) == {portfolios[0]: Failure.of_error({"x"})}
