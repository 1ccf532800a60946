"""The API's figures equal the marts: money to the cent, prices to four places, returns to six."""

from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from fastapi.testclient import TestClient
from psycopg import Connection

from ingestion.demo.demo import demo_portfolios
from tests.api.api_helpers import Person, log_in_demo, rounded

ON_REAL_PRICES = True
LAST = "2025-09-12"
Analyst = Connection[dict[str, Any]]


def cents(number: Decimal) -> float | None:
    return rounded(number, 2)


def one(analyst: Analyst, query: str, *parameters: Any) -> dict[str, Any]:
    row = analyst.execute(query.encode(), parameters).fetchone()
    assert row is not None
    return row


@pytest.fixture(params=[None, "2025-06-30", "2025-08-15"], ids=["last", "first", "middle"])
def session(request: pytest.FixtureRequest) -> dict[str, str]:
    """Choose the session to request: {} is the last."""
    return {} if request.param is None else {"as_of_date": request.param}


def test_the_demo_is_valued_at_cost_on_the_first_day(api: TestClient) -> None:
    for portfolio in demo_portfolios(until=date.fromisoformat(LAST)):
        person = log_in_demo(api, portfolio.owner_email)
        query = {"portfolio_id": person.portfolios[portfolio.portfolio_name], "as_of_date": "2025-06-30"}
        summary = person.get("data/positions/details", **query).json()["summary"]
        net = portfolio.long_exposure_at_cost - portfolio.short_exposure_at_cost
        assert summary["total_cost_basis"] == cents(net)


def test_the_overview_equals_the_snapshot(
    hedge_fund: Person, analyst: Analyst, session: dict[str, str]
) -> None:
    body = hedge_fund.get(f"analytics/portfolio/{hedge_fund.portfolio_id}/overview", **session).json()
    key = (hedge_fund.portfolio_id, session.get("as_of_date", LAST))
    snapshot = one(
        analyst,
        "select * from marts.fct_portfolio_snapshots where portfolio_id = %s and as_of_date = %s",
        *key,
    )
    exposure = one(
        analyst,
        "select * from marts.fct_portfolio_exposures where portfolio_id = %s and as_of_date = %s",
        *key,
    )
    equity = cents(snapshot["equity"])
    assert (body["equity_balance"], body["net_asset_value"], body["total_value"]) == (equity, equity, equity)
    assert body["cash_balance"] == cents(snapshot["cash"])
    assert body["leverage"] == round(exposure["leverage"], 6)
    for name in ("long_exposure", "short_exposure", "gross_exposure", "net_exposure"):
        assert body["exposures"][name] == cents(exposure[name])
        percentage = 100 * exposure[name] / snapshot["equity"]
        assert body["exposures"][name.replace("exposure", "percentage")] == rounded(percentage, 4)
    pnl = body["pnl"]
    assert pnl["total_pnl"] == cents(snapshot["cumulative_pnl"])
    assert pnl["unrealized_pnl"] == cents(snapshot["unrealized_pnl"])
    assert pnl["realized_pnl"] == cents(snapshot["cumulative_realized_pnl"])
    assert pnl["daily_pnl"] == cents(snapshot["daily_pnl"])
    assert pnl["total_pnl"] == pytest.approx(
        pnl["unrealized_pnl"] + pnl["realized_pnl"] + pnl["dividends"], abs=0.02
    )
    counts = body["position_count"]
    assert (
        counts["total_positions"]
        == snapshot["position_count"]
        == counts["long_count"] + counts["short_count"]
    )


def test_the_overview_adds_up_the_target_prices(hedge_fund: Person, analyst: Analyst) -> None:
    body = hedge_fund.get(f"analytics/portfolio/{hedge_fund.portfolio_id}/overview").json()
    rows = analyst.execute(
        "select * from marts.fct_target_prices where portfolio_id = %s and as_of_date = %s",
        (hedge_fund.portfolio_id, LAST),
    ).fetchall()
    assert len(rows) == 12
    returns = body["target_returns"]
    for name in ("expected_return_eoy", "expected_return_next_year", "downside_return"):
        assert returns[name] == pytest.approx(
            100 * sum(abs(row["position_weight"]) * row[name] for row in rows), abs=1e-4
        )
    assert returns["positions_with_targets"] == 12
    assert returns["coverage_pct"] == pytest.approx(100 * 12 / returns["total_positions"], abs=1e-4)
    assert returns["last_updated"] is not None


def test_month_and_year_to_date_add_up_daily_pnl(hedge_fund: Person, analyst: Analyst) -> None:
    path = f"analytics/portfolio/{hedge_fund.portfolio_id}/overview"
    pnl = hedge_fund.get(path, as_of_date="2025-08-15").json()["pnl"]
    sums = one(
        analyst,
        """
        select sum(daily_pnl) as year, sum(daily_pnl) filter (where as_of_date >= '2025-08-01') as month
        from marts.fct_portfolio_snapshots
        where portfolio_id = %s and as_of_date between '2025-01-01' and '2025-08-15'
        """,
        hedge_fund.portfolio_id,
    )
    assert (pnl["ytd_pnl"], pnl["mtd_pnl"]) == (cents(sums["year"]), cents(sums["month"]))


def test_holdings_equal_the_position_values(
    hedge_fund: Person, analyst: Analyst, session: dict[str, str]
) -> None:
    body = hedge_fund.get(f"data/portfolio/{hedge_fund.portfolio_id}/complete", **session).json()
    known = analyst.execute(
        "select * from marts.fct_position_values where portfolio_id = %s and as_of_date = %s and is_open",
        (hedge_fund.portfolio_id, session.get("as_of_date", LAST)),
    ).fetchall()
    by_id = {str(row["position_id"]): row for row in known}
    assert {holding["id"] for holding in body["holdings"]} == set(by_id)
    for holding in body["holdings"]:
        row = by_id[holding["id"]]
        assert (holding["symbol"], holding["quantity"]) == (row["symbol"], float(row["quantity"]))
        assert holding["market_value"] == cents(row["market_value"])
        assert holding["last_price"] == holding["current_price"] == rounded(row["price"], 4)
        assert holding["price_flag"] == row["price_flag"]
    values = [abs(holding["market_value"]) for holding in body["holdings"]]
    assert values == sorted(values, reverse=True)
    assert body["positions_summary"]["total_market_value"] == cents(sum(row["market_value"] for row in known))
    assert body["portfolio"]["cash_balance"] == pytest.approx(
        body["portfolio"]["equity_balance"] - body["positions_summary"]["total_market_value"], abs=0.011
    )


def test_the_time_series_is_the_history_of_snapshots(
    hedge_fund: Person, analyst: Analyst, session: dict[str, str]
) -> None:
    body = hedge_fund.get(f"data/portfolio/{hedge_fund.portfolio_id}/complete", **session).json()
    rows = analyst.execute(
        """
        select * from marts.fct_portfolio_snapshots
        where portfolio_id = %s and as_of_date <= %s order by as_of_date
        """,
        (hedge_fund.portfolio_id, session.get("as_of_date", LAST)),
    ).fetchall()
    assert body["timeseries"] == {
        "dates": [row["as_of_date"].isoformat() for row in rows],
        "values": [cents(row["equity"]) for row in rows],
        "daily_pnl": [cents(row["daily_pnl"]) for row in rows],
        "daily_return": [round(row["daily_return"], 6) for row in rows],
    }
    series = body["timeseries"]
    for (before, after), pnl in zip(pairwise(series["values"]), series["daily_pnl"][1:], strict=True):
        assert after - before == pytest.approx(pnl, abs=0.011)


def test_the_attribution_is_the_pnl_of_symbols_in_the_window(hedge_fund: Person, analyst: Analyst) -> None:
    body = hedge_fund.get(f"data/portfolio/{hedge_fund.portfolio_id}/complete").json()
    attribution = body["attribution"]
    assert (attribution["from_date"], attribution["to_date"]) == ("2025-06-30", LAST)
    rows = analyst.execute(
        """
        select symbol, sum(daily_pnl) as pnl from marts.fct_position_values
        where portfolio_id = %s and as_of_date between %s and %s group by symbol order by pnl
        """,
        (hedge_fund.portfolio_id, attribution["from_date"], attribution["to_date"]),
    ).fetchall()
    gains = [(row["symbol"], cents(row["pnl"])) for row in reversed(rows) if row["pnl"] > 0]
    losses = [(row["symbol"], cents(row["pnl"])) for row in rows if row["pnl"] < 0]
    assert [(item["symbol"], item["pnl"]) for item in attribution["contributors"]] == gains[:10]
    assert [(item["symbol"], item["pnl"]) for item in attribution["detractors"]] == losses[:10]
    assert attribution["total_pnl"] == cents(sum(row["pnl"] for row in rows))
    assert attribution["total_pnl"] == pytest.approx(sum(body["timeseries"]["daily_pnl"]), abs=0.5)
    best = attribution["contributors"][0]
    assert best["contribution"] == round(best["pnl"] / 3_200_000, 6)
    assert body["meta"]["truncated"]["attribution"] is (len(gains) > 10 or len(losses) > 10)


def test_position_details_equal_the_mart(
    hedge_fund: Person, analyst: Analyst, session: dict[str, str]
) -> None:
    query = {"portfolio_id": hedge_fund.portfolio_id, "include_closed": True, **session}
    body = hedge_fund.get("data/positions/details", **query).json()
    last_rows = analyst.execute(
        """
        select distinct on (values.position_id) values.*, positions.contract_multiplier
        from marts.fct_position_values as values
        join marts.dim_positions as positions on positions.position_id = values.position_id
        where values.portfolio_id = %s and values.as_of_date <= %s
        order by values.position_id, values.as_of_date desc
        """,
        (hedge_fund.portfolio_id, session.get("as_of_date", LAST)),
    ).fetchall()
    by_id = {str(row["position_id"]): row for row in last_rows}
    assert {position["id"] for position in body["positions"]} == set(by_id)
    for position in body["positions"]:
        row = by_id[position["id"]]
        assert position["is_open"] is row["is_open"]
        for name in ("market_value", "cost_basis", "unrealized_pnl", "realized_pnl"):
            assert position[name] == cents(row[name]), (position["symbol"], name)
        assert position["total_pnl"] == cents(row["cumulative_pnl"])
        entry_price = row["cost_basis"] / (row["quantity"] * row["contract_multiplier"])
        assert position["entry_price"] == rounded(entry_price, 4)
        if row["is_open"]:
            assert position["day_change_value"] == cents(row["daily_pnl"])
    summary = body["summary"]
    assert summary["total_positions"] == len(last_rows)
    assert summary["total_market_value"] == cents(sum(row["market_value"] for row in last_rows))
    assert summary["total_realized_pnl"] == cents(sum(row["realized_pnl"] for row in last_rows))


def test_expired_options_are_closed_and_live_ones_are_not(hedge_fund: Person) -> None:
    query = {"portfolio_id": hedge_fund.portfolio_id}
    open_only = hedge_fund.get("data/positions/details", **query).json()["positions"]
    everything = hedge_fund.get("data/positions/details", **query, include_closed=True).json()["positions"]
    closed = [position for position in everything if not position["is_open"]]
    assert closed
    assert len(everything) == len(open_only) + len(closed)
    for position in closed:
        assert date.fromisoformat(position["expiration_date"]) <= date.fromisoformat(LAST)
        assert (position["market_value"], position["unrealized_pnl"], position["day_change_value"]) == (
            0,
            0,
            0,
        )
    for position in open_only:
        assert position["expiration_date"] is None or position["expiration_date"] > LAST


def test_positions_can_be_selected_by_id(hedge_fund: Person) -> None:
    everything = hedge_fund.get("data/positions/details", portfolio_id=hedge_fund.portfolio_id).json()[
        "positions"
    ]
    wanted = [position["id"] for position in everything[3:6]]
    with_commas = hedge_fund.get("data/positions/details", position_ids=",".join(wanted)).json()
    repeated = hedge_fund.get("data/positions/details", position_ids=wanted).json()
    assert with_commas == repeated
    assert with_commas["positions"] == everything[3:6]
    assert with_commas["summary"]["total_positions"] == 3


def test_pages_of_positions_make_up_the_list(hedge_fund: Person) -> None:
    query = {"portfolio_id": hedge_fund.portfolio_id, "include_closed": True}
    whole = hedge_fund.get("data/positions/details", **query).json()
    pages = [
        hedge_fund.get("data/positions/details", **query, limit=7, offset=offset).json()
        for offset in range(0, 35, 7)
    ]
    assert [position for page in pages for position in page["positions"]] == whole["positions"]
    assert all(page["summary"] == whole["summary"] for page in pages)
    assert [page["meta"]["truncated"] for page in pages] == [True, True, True, True, False]


def test_prices_equal_the_mart(hedge_fund: Person, analyst: Analyst) -> None:
    path = f"data/prices/historical/{hedge_fund.portfolio_id}"
    body = hedge_fund.get(path, lookback_days=30).json()
    metadata = body["metadata"]
    assert (metadata["end_date"], metadata["start_date"]) == (LAST, "2025-08-14")
    rows = analyst.execute(
        """
        select * from marts.fct_prices
        where symbol = 'AAPL' and as_of_date > %s::date - 30 order by as_of_date
        """,
        (LAST,),
    ).fetchall()
    bars = body["symbols"]["AAPL"]
    assert bars["dates"] == [row["as_of_date"].isoformat() for row in rows]
    assert bars["data_points"] == metadata["trading_days_included"] == len(rows)
    for name in ("open", "high", "low", "close", "adjusted_close"):
        assert bars[name] == [rounded(row[name], 4) for row in rows]
    assert bars["volume"] == [rounded(row["volume"], 0) for row in rows]


def test_prices_cover_what_is_held_and_the_factor_etfs(family_office: Person, hedge_fund: Person) -> None:
    path = f"data/prices/historical/{hedge_fund.portfolio_id}"
    plain = set(hedge_fund.get(path, include_factor_etfs=False).json()["symbols"])
    held = hedge_fund.get(f"data/portfolio/{hedge_fund.portfolio_id}/complete").json()["holdings"]
    assert plain == {holding["underlying_symbol"] or holding["symbol"] for holding in held}

    public = family_office.portfolios["Demo Family Office Public Growth"]
    path = f"data/prices/historical/{public}"
    without_etfs = set(family_office.get(path, include_factor_etfs=False).json()["symbols"])
    assert set(family_office.get(path).json()["symbols"]) - without_etfs >= {"SPY"}

    private = family_office.portfolios["Demo Family Office Private Opportunities"]
    body = family_office.get(f"data/prices/historical/{private}", include_factor_etfs=False).json()
    assert (body["symbols"], body["metadata"]["start_date"]) == ({}, None)


def test_dates_can_be_unix_timestamps(hedge_fund: Person) -> None:
    path = f"data/prices/historical/{hedge_fund.portfolio_id}"
    iso = hedge_fund.get(path, lookback_days=10).json()["symbols"]["AAPL"]["dates"]
    unix = hedge_fund.get(path, lookback_days=10, date_format="unix").json()["symbols"]["AAPL"]["dates"]
    assert unix == [int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()) for day in iso]


@pytest.mark.simulated_only
def test_adjusted_closes_of_a_past_date_ignore_later_dividends(hedge_fund: Person, analyst: Analyst) -> None:
    dividend = one(
        analyst,
        """
        select prices.symbol, prices.as_of_date, dates.previous_trading_day
        from marts.fct_prices as prices
        join marts.dim_dates as dates on dates.as_of_date = prices.as_of_date
        join marts.fct_position_values as held
            on held.symbol = prices.symbol and held.portfolio_id = %s and held.as_of_date = '2025-09-12'
        where prices.dividend > 0 and prices.as_of_date > '2025-07-01'
        order by prices.as_of_date desc limit 1
        """,
        hedge_fund.portfolio_id,
    )
    path = f"data/prices/historical/{hedge_fund.portfolio_id}"
    before = hedge_fund.get(path, as_of_date=dividend["previous_trading_day"].isoformat()).json()
    bars = before["symbols"][dividend["symbol"]]
    assert bars["adjusted_close"][-1] == bars["close"][-1]
    today = hedge_fund.get(path).json()["symbols"][dividend["symbol"]]
    at = today["dates"].index(dividend["previous_trading_day"].isoformat())
    assert today["adjusted_close"][at] < today["close"][at]


def test_parts_not_requested_are_null(hedge_fund: Person) -> None:
    switches = ("include_holdings", "include_timeseries", "include_attrib")
    path = f"data/portfolio/{hedge_fund.portfolio_id}/complete"
    body = hedge_fund.get(path, **dict.fromkeys(switches, False)).json()
    assert (body["holdings"], body["timeseries"], body["attribution"]) == (None, None, None)
    assert set(body["meta"]["rows_returned"].values()) == {0}
    assert all(body["meta"]["requested"][switch] is False for switch in switches)
    assert body["data_quality"]["complete_data_positions"] > 0

    with_tags = hedge_fund.get(path).json()["holdings"]
    without = hedge_fund.get(path, include_position_tags=False).json()["holdings"]
    assert any(holding["tags"] for holding in with_tags)
    assert without == [{**holding, "tags": []} for holding in with_tags]


def test_truncated_parts_are_flagged(hedge_fund: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"data/portfolio/{hedge_fund.portfolio_id}/complete"
    whole = hedge_fund.get(path).json()
    assert whole["meta"]["truncated"] | {"attribution": None} == {
        "holdings": False,
        "timeseries": False,
        "attribution": None,
    }
    for name, limit in {"MAX_POSITIONS": 3, "MAX_DAYS": 5, "MAX_SYMBOLS": 2}.items():
        monkeypatch.setattr(f"api.routes.data.{name}", limit)
    cut = hedge_fund.get(path).json()
    assert cut["meta"]["limits"] == {"max_positions": 3, "max_days": 5, "max_symbols": 2}
    assert cut["meta"]["rows_returned"] == {
        "holdings": 3,
        "timeseries": 5,
        "contributors": 2,
        "detractors": 2,
    }
    assert set(cut["meta"]["truncated"].values()) == {True}
    assert cut["holdings"] == whole["holdings"][:3]
    assert cut["timeseries"]["values"] == whole["timeseries"]["values"][-5:]
    assert cut["attribution"]["from_date"] == whole["timeseries"]["dates"][-5]
    assert cut["attribution"]["total_pnl"] == pytest.approx(sum(cut["timeseries"]["daily_pnl"]), abs=0.05)


@pytest.mark.simulated_only
def test_responses_on_simulated_prices_are_flagged(hedge_fund: Person, family_office: Person) -> None:
    portfolio_id = hedge_fund.portfolio_id
    listed = hedge_fund.get("data/portfolios").json()[0]
    complete = hedge_fund.get(f"data/portfolio/{portfolio_id}/complete").json()["meta"]
    details = hedge_fund.get("data/positions/details", portfolio_id=portfolio_id).json()["meta"]
    prices = hedge_fund.get(f"data/prices/historical/{portfolio_id}").json()["metadata"]
    for place in (listed, complete, details, prices):
        assert place["price_source"] == "simulated"
        assert place["price_notice"].startswith("Prices are simulated")
    overview = hedge_fund.get(f"analytics/portfolio/{portfolio_id}/overview").json()
    assert overview["price_source"] == "simulated"
    assert "Prices are simulated" in overview["data_quality"]["message"]

    private = family_office.portfolios["Demo Family Office Private Opportunities"]
    overview = family_office.get(f"analytics/portfolio/{private}/overview").json()
    assert overview["price_source"] == "loaded"
    assert overview["data_quality"]["flag"] == "no_public_positions"
    assert "simulated" not in overview["data_quality"]["message"]


def test_portfolios_are_paged(family_office: Person) -> None:
    both = family_office.get("data/portfolios").json()
    assert len(both) == 2
    assert family_office.get("data/portfolios", limit=1).json() == both[:1]
    assert family_office.get("data/portfolios", limit=1, offset=1).json() == both[1:]
    assert family_office.get("data/portfolios", offset=2).json() == []
