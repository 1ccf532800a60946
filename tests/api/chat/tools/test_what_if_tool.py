"""The tool what_if: the figures of the function, refusals as sentences, nobody else's portfolio."""

import json
from typing import Any

import pytest
from psycopg import Connection

from tests.api.chat.tools.conftest import Call
from tests.claims import claim, user_of
from warehouse.connections import Warehouse

pytestmark = pytest.mark.slow

LAST = "2025-09-12"
SIZES = ("quantity", "target_weight", "close")


def trade(symbol: str, **size: Any) -> dict[str, Any]:
    return {"symbol": symbol, **dict.fromkeys(SIZES), **size}


def ask(call: Call, user: str, *trades: dict[str, Any], **given: Any) -> Any:
    nulls = dict.fromkeys(("portfolio", "as_of", "published_at", "section"))
    answer = call(user, "what_if", trades=list(trades), **{**nulls, "cash": "absorb", **given})
    return answer, json.loads(answer.text)


def rows(shown: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(shown["columns"], row, strict=True)) for row in shown["rows"]]


def test_its_figures_are_those_of_the_function(call: Call, demo: Warehouse) -> None:
    trades = (trade("TLT", target_weight=0.1), trade("aapl", quantity=-10))
    answer, shown = ask(call, "hedgefundstyle", *trades)
    assert answer.ok
    assert len(answer.results) == 2
    asked = json.dumps([{"symbol": "TLT", "target_weight": 0.1}, {"symbol": "AAPL", "quantity": -10}])
    with demo.connect_writer() as connection:
        figures = _figures(connection, demo, asked)
    found = rows(shown)
    for row in found:
        expected = figures[row["section"], row["model"], row["part"], row["figure"]]
        assert (row["value_before"], row["value_after"], row["value_change"]) == pytest.approx(expected)
    sections = {row["section"] for row in found}
    assert len(sections) == 8
    worst = [row["value_after"] for row in found if row["section"] == "stress"]
    all_losses = sorted(
        one[1] for key, one in figures.items() if key[0] == "stress" and key[3] == "direct_pnl"
    )
    assert sorted(worst) == pytest.approx(all_losses[:10])
    made = {row["symbol"]: row for row in rows(shown["trades"])}
    assert float(made["AAPL"]["quantity"]) == -10
    assert {row["price_date"] for row in made.values()} == {LAST}
    assert any("simulated" in notice for notice in shown["notices"])


def _figures(connection: Connection[Any], demo: Warehouse, trades: str) -> dict[Any, tuple[Any, Any, Any]]:
    """As the function answers the user of the hedge fund."""
    connection.execute("set search_path = marts")
    claim(connection, user_of(demo, "demo_hedgefundstyle@sigmasight.com"))
    found = connection.execute(
        "select section, model, part, figure, value_before, value_after, value_change"
        " from udf.what_if((select portfolio_id from dim_portfolios where portfolio_name like '%%Hedge%%'),"
        " %s, %s, 'absorb')",
        (LAST, trades),
    ).fetchall()
    return {row[:4]: row[4:] for row in found}


def test_a_section_is_shown_in_full(call: Call) -> None:
    _, shown = ask(call, "hedgefundstyle", trade("AAPL", close=True), section="stress")
    assert {row["section"] for row in rows(shown)} == {"stress"}
    assert len(rows(shown)) > 100


@pytest.mark.parametrize(
    ("user", "asked", "given", "sentence"),
    [
        ("hedgefundstyle", trade("NOSUCH", quantity=1), {}, "Trade 1 (NOSUCH): no symbol of that name"),
        ("hedgefundstyle", trade("AAPL"), {}, "Size AAPL in one way"),
        ("hedgefundstyle", trade("AAPL", quantity=1, close=True), {}, "Size AAPL in one way"),
        ("familyoffice", trade("AAPL", quantity=1), {"portfolio": "all"}, "of one portfolio"),
        ("familyoffice", trade("AAPL", quantity=1), {"portfolio": "Demo Hedge"}, "None of this user's"),
        ("hedgefundstyle", trade("SPY301220C00500000", quantity=1), {}, "does not hold"),
    ],
)
def test_what_cannot_be_answered_is_a_sentence(
    call: Call, user: str, asked: dict[str, Any], given: dict[str, Any], sentence: str
) -> None:
    answer, shown = ask(call, user, asked, **given)
    assert not answer.ok
    assert sentence in shown["error"]
