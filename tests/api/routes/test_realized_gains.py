"""Realized gains, trades and income over HTTP: they equal the marts, and add up."""

from collections import defaultdict
from typing import Any

import pytest
from psycopg import Connection

from tests.api.api_helpers import Person

Analyst = Connection[dict[str, Any]]
METHODS = ("portfolio", "fifo", "lifo", "hifo", "average", "specific")


def get(person: Person, path: str, **parameters: Any) -> Any:
    response = person.get(f"portfolios/{person.portfolio_id}/{path}", **parameters)
    assert response.status_code == 200, response.text
    return response.json()


def test_gains_equal_the_mart(hedge_fund: Person, analyst: Analyst) -> None:
    body = get(hedge_fund, "realized-gains")
    facts = analyst.execute(
        "select * from marts.fct_realized_gains where portfolio_id = %s and method = 'portfolio'",
        (hedge_fund.portfolio_id,),
    ).fetchall()
    assert body["total"] == len(body["lots"]) == len(facts) > 3
    by_lot = {(str(fact["disposal_id"]), str(fact["lot_id"])): fact for fact in facts}
    for lot in body["lots"]:
        fact = by_lot[lot["disposal_id"], lot["lot_id"]]
        for name in ("quantity", "proceeds", "basis", "gain", "wash_disallowed"):
            assert lot[name] == pytest.approx(float(fact[name])), name
        assert (lot["term"], lot["disposed_on"]) == (fact["term"], str(fact["disposed_on"]))
    assert body["totals"]["total"] == pytest.approx(sum(lot["gain"] for lot in body["lots"]))
    assert body["totals"]["total"] == pytest.approx(
        body["totals"]["short_term"] + body["totals"]["long_term"]
    )


def test_realized_and_unrealized_are_the_same_under_every_method(hedge_fund: Person) -> None:
    sums = set()
    for method in METHODS:
        body = get(hedge_fund, "realized-gains", method=method)
        assert body["open_lots_null_reason"] is None
        sums.add(round(body["totals"]["total"] + body["unrealized"], 2))
    assert len(sums) == 1
    overview = hedge_fund.get(f"analytics/portfolio/{hedge_fund.portfolio_id}/overview").json()
    pnl = overview["pnl"]
    assert sums == {round(pnl["realized_pnl"] + pnl["unrealized_pnl"], 2)}


def test_a_year_an_earlier_session_and_pages(hedge_fund: Person) -> None:
    assert get(hedge_fund, "realized-gains", year=2024)["lots"] == []
    whole = get(hedge_fund, "realized-gains", year=2025)
    earlier = get(hedge_fund, "realized-gains", as_of_date="2025-07-31")
    assert (earlier["open_lots"], earlier["unrealized"]) == (None, None)
    assert earlier["open_lots_null_reason"] == "only_on_the_last_session"
    assert earlier["lots"] == [lot for lot in whole["lots"] if lot["disposed_on"] <= "2025-07-31"]
    page = get(hedge_fund, "realized-gains", limit=1, offset=1)
    assert page["lots"] == whole["lots"][1:2]
    assert page["totals"] == whole["totals"]
    assert get(hedge_fund, "realized-gains", wash_sales=True)["wash_sales"] is True


def test_trades_equal_the_mart(hedge_fund: Person, analyst: Analyst) -> None:
    body = get(hedge_fund, "trades")
    facts = analyst.execute(
        "select * from marts.fct_trades where portfolio_id = %s", (hedge_fund.portfolio_id,)
    ).fetchall()
    assert body["total"] == len(facts)
    found = sorted((row["position_id"], row["kind"], row["amount"]) for row in body["trades"])
    assert found == sorted((str(fact["position_id"]), fact["kind"], float(fact["amount"])) for fact in facts)
    assert get(hedge_fund, "trades", year=2024)["trades"] == []


def test_income_adds_up(hedge_fund: Person, analyst: Analyst) -> None:
    body = get(hedge_fund, "income")
    months: dict[str, float] = defaultdict(float)
    for fact in analyst.execute(
        "select as_of_date, dividends from marts.fct_position_values where portfolio_id = %s",
        (hedge_fund.portfolio_id,),
    ).fetchall():
        months[f"{fact['as_of_date']:%Y-%m}"] += float(fact["dividends"])
    paid = {month: dividends for month, dividends in months.items() if dividends}
    assert {row["month"]: row["dividends"] for row in body["by_month"]} == pytest.approx(paid)
    for name in ("by_symbol", "by_year"):
        assert sum(row["dividends"] for row in body[name]) == pytest.approx(body["dividends"])
    assert (body["fees"], body["fees_null_reason"]) == (None, "no_transactions")


@pytest.mark.parametrize("path", ["realized-gains", "trades", "income"])
def test_others_portfolios_are_not_found(hedge_fund: Person, family_office: Person, path: str) -> None:
    assert hedge_fund.get(f"portfolios/{family_office.portfolio_id}/{path}").status_code == 404
