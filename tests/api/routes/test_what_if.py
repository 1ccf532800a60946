"""POST /analytics/portfolio/{id}/what-if: equal to the function, refuses bad trades, keeps to the wall."""

from typing import Any

import pytest
from psycopg import Connection

from tests.api.api_helpers import Person
from tests.api.routes.test_depth import rounded

LAST = "2025-09-12"
Analyst = Connection[dict[str, Any]]
FLAT = ("exposures", "variance", "var", "concentration", "greeks", "liquidity")


def post(person: Person, body: Any, *, portfolio_id: str | None = None, **parameters: Any) -> Any:
    return person.client.post(
        f"/api/v1/analytics/portfolio/{portfolio_id or person.portfolio_id}/what-if",
        json=body,
        params=parameters,
        headers=person.headers,
    )


def answer(person: Person, body: Any, **parameters: Any) -> Any:
    response = post(person, body, **parameters)
    assert response.status_code == 200, response.text
    return response.json()


def test_the_answer_has_the_figures_of_the_function(hedge_fund: Person, analyst: Analyst) -> None:
    trades = '[{"symbol": "TLT", "target_weight": 0.1}, {"symbol": "AAPL", "quantity": -10}]'
    body = answer(
        hedge_fund,
        {
            "trades": [{"symbol": "TLT", "target_weight": 0.1}, {"symbol": "aapl", "quantity": -10}],
            "as_of_date": LAST,
        },
    )
    rows = analyst.execute(
        "select * from udf.what_if(%s, %s, %s, 'absorb')", (hedge_fund.portfolio_id, LAST, trades)
    ).fetchall()
    assert rows
    for row in rows:
        for side in ("before", "after", "change"):
            section = body[side][row["section"]]
            if row["section"] == "betas":
                section = next(x for x in section if (x["model"], x["factor"]) == (row["model"], row["part"]))
            elif row["section"] == "stress":
                section = next(x for x in section if x["scenario_id"] == row["part"])
            places = 2 if row["unit"] == "USD" else 4 if row["unit"] == "greek" else 6
            assert section[row["figure"]] == rounded(row[f"value_{side}"], places)
    assert [trade["symbol"] for trade in body["trades"]] == ["TLT", "AAPL"]
    assert body["trades"][1]["quantity_after"] == body["trades"][1]["quantity_before"] - 10
    assert (body["cash"], body["calculation_date"]) == ("absorb", LAST)


def test_without_trades_it_is_what_the_other_paths_show(hedge_fund: Person) -> None:
    body = answer(hedge_fund, {"trades": []})
    of = f"analytics/portfolio/{hedge_fund.portfolio_id}"
    assert body["before"] == body["after"] | {}
    greeks = hedge_fund.get(f"{of}/liquidity").json()
    assert body["before"]["liquidity"]["share_1d"] == greeks["data"]["share_1d"]
    concentration = hedge_fund.get(f"{of}/concentration").json()["data"]
    assert body["before"]["concentration"]["top_3_share"] == concentration["top_3_concentration"]
    for section in FLAT:
        assert {
            value
            for name, value in body["change"][section].items()
            if name not in {"coverage", "cost_coverage", "null_reasons"}
        } <= {0, None}


def test_the_session_of_the_body_wins_and_earlier_publications_can_be_asked(hedge_fund: Person) -> None:
    body = answer(hedge_fund, {"trades": [], "as_of_date": "2025-08-15"}, as_of_date=LAST)
    assert body["calculation_date"] == "2025-08-15"
    assert answer(hedge_fund, {"trades": []}, as_of_date="2025-08-17")["calculation_date"] == "2025-08-15"


def test_the_answer_is_not_cached(hedge_fund: Person) -> None:
    response = post(hedge_fund, {"trades": []})
    assert response.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in response.headers
    assert response.headers["X-As-Of-Date"] == LAST


def test_trades_that_cannot_be_made_are_named_together(hedge_fund: Person) -> None:
    response = post(
        hedge_fund,
        {
            "trades": [
                {"symbol": "NOSUCH", "quantity": 1},
                {"symbol": "TLT", "close": True},
                {"contract": "SPY301220C00500000", "quantity": 1},
            ]
        },
    )
    assert (response.status_code, response.json()["code"]) == (422, "trade_refused")
    trades = response.json()["trades"]
    assert [(trade["place"], trade["reason"]) for trade in trades] == [
        (1, "unknown_symbol"),
        (2, "not_held"),
        (3, "contract_not_held"),
    ]
    assert "Trade 3 (SPY301220C00500000)" in response.json()["detail"]


@pytest.mark.parametrize(
    ("trade", "sentence"),
    [
        ({"symbol": "AAPL", "quantity": 1, "close": True}, "size the trade in one way"),
        ({"symbol": "AAPL"}, "size the trade in one way"),
        ({"quantity": 1}, "name one of symbol and contract"),
        ({"symbol": "AAPL", "contract": "AAPL", "quantity": 1}, "name one of symbol and contract"),
        ({"symbol": "AAPL", "quantity": "many"}, "valid decimal"),
        ({"symbol": "AAPL", "weight": 1}, "Extra inputs"),
    ],
)
def test_a_trade_that_is_not_clear_is_an_invalid_request(
    hedge_fund: Person, trade: dict[str, Any], sentence: str
) -> None:
    response = post(hedge_fund, {"trades": [trade]})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert sentence in response.text


def test_more_trades_than_allowed_are_refused(hedge_fund: Person) -> None:
    response = post(hedge_fund, {"trades": [{"symbol": "AAPL", "quantity": 1}] * 101})
    assert (response.status_code, response.json()["code"]) == (422, "too_many_trades")
    assert "101 trades are more than the 100" in response.json()["detail"]


def test_another_users_portfolio_does_not_exist(hedge_fund: Person, family_office: Person) -> None:
    body = {"trades": [{"symbol": "AAPL", "quantity": 1}]}
    theirs = post(hedge_fund, body, portfolio_id=family_office.portfolio_id)
    nobodys = post(hedge_fund, body, portfolio_id="00000000-0000-0000-0000-000000000000")
    assert theirs.status_code == nobodys.status_code == 404
    assert {**theirs.json(), "instance": None} == {**nobodys.json(), "instance": None}


def test_symbols_that_only_others_hold_are_unknown(hedge_fund: Person, analyst: Analyst) -> None:
    row = analyst.execute(
        """select symbol from marts.fct_position_values
        where as_of_date = %s and is_open and investment_class = 'PUBLIC'
        group by symbol having bool_and(portfolio_id <> %s) and symbol not in (
            select unnest(array[proxy_symbol, long_symbol, short_symbol]) from marts.dim_factors
            where proxy_symbol is not null and long_symbol is not null and short_symbol is not null
        ) and symbol not in ('SPY', 'QQQ', 'IWM', 'VTV', 'VUG', 'TLT') and symbol not like 'XL_'
        order by symbol limit 1""",
        (LAST, hedge_fund.portfolio_id),
    ).fetchone()
    assert row
    theirs = post(hedge_fund, {"trades": [{"symbol": row["symbol"], "quantity": 1}]}).json()
    nobodys = post(hedge_fund, {"trades": [{"symbol": "NOSUCH", "quantity": 1}]}).json()
    assert theirs["trades"][0]["reason"] == nobodys["trades"][0]["reason"] == "unknown_symbol"
    assert theirs["trades"][0]["message"] == nobodys["trades"][0]["message"].replace("NOSUCH", row["symbol"])
