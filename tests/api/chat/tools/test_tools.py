"""Calls of the tools: which portfolio and session is meant, and what is said when it is unclear."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest

from api.chat.tools.registry import ToolAnswer
from tests.api.chat.tools.conftest import Call, CallRaw
from tests.conftest import THEN
from warehouse.connections import Warehouse

NO_ID = "00000000-0000-4000-8000-000000000000"

pytestmark = pytest.mark.slow

PUBLIC = "Demo Family Office Public Growth"
PRIVATE = "Demo Family Office Private Opportunities"


def body(answer: ToolAnswer) -> dict[str, Any]:
    """The JSON of an answer, with numbers as they are written."""
    found: dict[str, Any] = json.loads(answer.text, parse_float=Decimal)
    return found


def refused(answer: ToolAnswer) -> str:
    """The sentence of a refused call."""
    assert not answer.ok
    assert answer.results == ()
    return str(body(answer)["error"])


# --- which portfolio ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [PUBLIC, PUBLIC.upper(), "demo family office pub"])
def test_a_portfolio_is_named_in_any_case_or_by_its_beginning(call: Call, name: str) -> None:
    found = body(call("familyoffice", "metric", name="equity", portfolio=name))
    assert [row[0] for row in found["rows"]] == [PUBLIC]


def test_a_portfolio_is_named_by_id_and_by_the_conversation(call: Call) -> None:
    listed = call(
        "familyoffice",
        "sql",
        statement="select portfolio_id, portfolio_name from dim_portfolios",
        purpose="ids",
    )
    ids = {name: portfolio_id for portfolio_id, name in listed.results[0].rows}
    by_id = body(call("familyoffice", "metric", name="equity", portfolio=ids[PRIVATE]))
    by_context = body(call("familyoffice", "metric", portfolio_id=UUID(str(ids[PRIVATE])), name="equity"))
    assert by_id["rows"][0][0] == PRIVATE
    assert by_id["rows"] == by_context["rows"]


def test_the_only_portfolio_needs_no_name(call: Call) -> None:
    found = body(call("hedgefundstyle", "metric", name="equity"))
    assert found["row_count"] == 1


def test_several_portfolios_are_asked_back_by_name(call: Call) -> None:
    sentence = refused(call("familyoffice", "metric", name="equity"))
    assert PUBLIC in sentence
    assert PRIVATE in sentence


def test_a_beginning_of_several_names_is_asked_back(call: Call) -> None:
    sentence = refused(call("familyoffice", "metric", name="equity", portfolio="Demo Family"))
    assert sentence.startswith("Several portfolios begin")


@pytest.mark.parametrize("name", ["Demo Hedge Fund Style Investor Portfolio", "nothing", NO_ID, "", "%"])
def test_an_unknown_name_lists_only_the_users_own(call: Call, name: str) -> None:
    sentence = refused(call("familyoffice", "metric", name="equity", portfolio=name))
    assert PUBLIC in sentence
    assert "Hedge" not in sentence


def test_all_has_a_row_for_each_portfolio(call: Call) -> None:
    found = body(call("familyoffice", "metric", name="equity", portfolio="ALL"))
    assert [row[0] for row in found["rows"]] == [PRIVATE, PUBLIC]


def test_the_total_is_over_all_portfolios_without_a_name(call: Call) -> None:
    total = body(call("familyoffice", "metric", name="total"))
    each = body(call("familyoffice", "metric", name="equity", portfolio="all"))
    place = each["columns"].index("equity")
    assert total["rows"][0][total["columns"].index("equity")] == sum(row[place] for row in each["rows"])


# --- which session --------------------------------------------------------------------------------


def test_the_last_session_is_the_default(call: Call) -> None:
    found = body(call("hedgefundstyle", "metric", name="equity"))
    assert found["as_of_date"] == THEN.isoformat()
    assert found["rows"][0][1] == THEN.isoformat()


def test_a_sunday_means_the_session_before(call: Call) -> None:
    found = body(call("hedgefundstyle", "metric", name="equity", as_of="2025-08-10"))
    assert found["as_of_date"] == "2025-08-08"


@pytest.mark.parametrize(
    ("as_of", "sentence"),
    [("2025-01-10", "begins on 2025-06-30"), ("2001-01-10", "published history begins on")],
)
def test_a_date_before_the_history_is_refused_with_its_beginning(
    call: Call, as_of: str, sentence: str
) -> None:
    assert sentence in refused(call("hedgefundstyle", "metric", name="equity", as_of=as_of))


def test_an_instant_before_the_first_publication_is_refused(call: Call) -> None:
    sentence = refused(call("hedgefundstyle", "metric", name="equity", published_at="2020-01-01T00:00:00"))
    assert "first publication" in sentence


def test_an_instant_shows_what_was_published_then(call: Call) -> None:
    now = body(call("hedgefundstyle", "metric", name="equity"))
    then = body(call("hedgefundstyle", "metric", name="equity", published_at="2999-01-01T00:00:00+00:00"))
    assert then["rows"] == now["rows"]


# --- what travels with figures --------------------------------------------------------------------


def test_simulated_prices_and_private_positions_are_said(call: Call) -> None:
    found = body(call("familyoffice", "metric", name="equity", portfolio="all"))
    assert found["notices"][0].startswith("Prices are simulated")
    assert any(notice.startswith(f'"{PRIVATE}" has private positions') for notice in found["notices"])


def test_absent_figures_come_with_their_reason(call: Call) -> None:
    found = body(call("familyoffice", "metric", name="var", portfolio=PRIVATE))
    row = dict(zip(found["columns"], found["rows"][0], strict=True))
    assert row["var_95_1d"] is None
    assert (row["quality_flag"], row["coverage_of_equity"]) == ("no_public_positions", 0)
    assert "var_95_1d" in found["null_meanings"]
    assert any("No public positions" in notice for notice in found["notices"])


def test_figures_have_units(call: Call) -> None:
    found = body(call("hedgefundstyle", "metric", name="leverage"))
    assert (found["units"]["leverage"], found["units"]["equity"]) == ("ratio", "USD")


def test_no_rows_are_not_zero(call: Call) -> None:
    found = body(call("hedgefundstyle", "metric", name="capital_flows"))
    assert found["rows"] == []
    assert "not zero" in found["notices"][-1]


def test_a_cut_result_says_so(call: Call) -> None:
    statement = "select position_id, as_of_date from fct_position_values"
    found = body(call("hedgefundstyle", "sql", statement=statement, purpose="too much"))
    assert (found["row_count"], found["truncated"]) == (500, True)
    assert "there are more" in found["truncation"]


# --- wrong calls ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("metrics", "{}", "There is no such tool; there are: metric, what_if, sql,"),
        ("metric", "{", "not valid"),
        ("metric", "[]", "not valid"),
        ("metric", '{"name": "equity"}', "portfolio: Field required"),
        ("describe", '{"mart": "fct_secrets"}', "mart"),
        ("describe", '{"mart": null, "more": 1}', "more: Extra inputs are not permitted"),
        ("explain", '{"query_id": "x", "row": 0, "column": "a"}', "query_id"),
        ("remember", '{"text": "", "scope": "user"}', "text"),
        ("search_docs", '{"question": 1}', "question"),
    ],
)
def test_a_wrong_call_is_answered_with_a_sentence(
    call_raw: CallRaw, name: str, arguments: str, sentence: str
) -> None:
    assert sentence in refused(call_raw(name, arguments))


def test_a_cut_that_a_metric_lacks_is_refused_with_those_it_has(call: Call) -> None:
    sentence = refused(call("hedgefundstyle", "metric", name="equity", by="sector"))
    assert sentence == "equity has no cut by sector; it has: day, month. Else pass null."


@pytest.mark.parametrize(
    "statement",
    ["delete from dim_portfolios", "select 1; select 2", "select pg_sleep(1)", "select * from ops.users"],
)
def test_a_refused_statement_is_answered_with_a_sentence(call: Call, statement: str) -> None:
    assert refused(call("hedgefundstyle", "sql", statement=statement, purpose="attack")).endswith(".")


def test_a_page_is_whole(call: Call) -> None:
    found = body(call("hedgefundstyle", "describe", mart="fct_portfolio_risk"))
    assert found["columns"][0] == "name"
    assert [row[0] for row in found["rows"]][-1] == "data_days"


# --- portfolios of others, and of the past --------------------------------------------------------


@contextmanager
def published_as(demo: Warehouse, portfolio: str, **changes: Any) -> Iterator[None]:
    """Change what is published of a portfolio, and restore it."""
    column, value = next(iter(changes.items()))
    statement = f"update published.dim_portfolios set {column} = %s where portfolio_id = %s"
    with psycopg.connect(demo.admin_url, autocommit=True) as admin:
        found = admin.execute(
            f"select portfolio_id, {column} from published.dim_portfolios where portfolio_name = %s",
            [portfolio],
        ).fetchone()
        assert found is not None
        admin.execute(statement, [value, found[0]])
        try:
            yield
        finally:
            admin.execute(statement, [found[1], found[0]])


def test_a_name_that_another_user_has_too_means_ones_own(call: Call, demo: Warehouse) -> None:
    own = body(call("hedgefundstyle", "metric", name="equity"))
    other = body(call("individual", "metric", name="equity"))
    with (
        published_as(demo, "Demo Hedge Fund Style Investor Portfolio", portfolio_name="Mine"),
        published_as(demo, "Demo Individual Investor Portfolio", portfolio_name="Mine"),
    ):
        mine = body(call("hedgefundstyle", "metric", name="equity", portfolio="mine"))
        theirs = body(call("individual", "metric", name="equity", portfolio="mine"))
    place = own["columns"].index("equity")
    assert [mine["rows"][0][place], theirs["rows"][0][place]] == [
        own["rows"][0][place],
        other["rows"][0][place],
    ]
    assert own["rows"][0][place] != other["rows"][0][place]


def test_a_removed_portfolio_is_unknown(call: Call, demo: Warehouse) -> None:
    with published_as(demo, PRIVATE, is_removed=True):
        sentence = refused(call("familyoffice", "metric", name="equity", portfolio=PRIVATE))
        only = body(call("familyoffice", "metric", name="equity"))
    assert PUBLIC in sentence
    assert PRIVATE not in sentence
    assert [row[0] for row in only["rows"]] == [PUBLIC]
