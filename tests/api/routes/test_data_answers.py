"""The data endpoints equal the marts, on the session requested."""

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from tests.api.api_helpers import Person, assert_problem, rounded
from warehouse.connections import Warehouse
from warehouse.method import method_variables

ON_REAL_PRICES = True
LAST = "2025-09-12"
Analyst = Connection[dict[str, Any]]


def cents(number: Decimal) -> float | None:
    return rounded(number, 2)


def rows(analyst: Analyst, query: str, *parameters: Any) -> list[dict[str, Any]]:
    return analyst.execute(query.encode(), parameters).fetchall()


@pytest.fixture(params=[None, "2025-06-30", "2025-08-15"], ids=["last", "first", "middle"])
def session(request: pytest.FixtureRequest) -> dict[str, str]:
    """Choose the session to request: {} is the last."""
    return {} if request.param is None else {"as_of_date": request.param}


def test_accounts_return_equity_as_exact_text(
    family_office: Person, analyst: Analyst, session: dict[str, str]
) -> None:
    body = family_office.get("portfolios", **session).json()
    known = {
        str(row["portfolio_id"]): row["equity"]
        for row in rows(
            analyst,
            "select * from marts.fct_portfolio_snapshots where as_of_date = %s and portfolio_id = any(%s)",
            session.get("as_of_date", LAST),
            list(family_office.portfolios.values()),
        )
    }
    assert {item["id"]: Decimal(item["equity_balance"]) for item in body["portfolios"]} == known
    assert Decimal(body["net_asset_value"]) == Decimal(body["total_value"]) == sum(known.values())
    assert (body["total_count"], body["active_count"]) == (2, 2)
    paged = family_office.get("portfolios", limit=1, offset=1, **session).json()
    assert paged == {**body, "portfolios": body["portfolios"][1:]}
    alone = family_office.get(f"portfolios/{body['portfolios'][0]['id']}", **session).json()
    assert alone["portfolios"] == body["portfolios"][:1]
    assert {name: alone[name] for name in body["portfolios"][0]} == body["portfolios"][0]
    assert alone["user_id"] == family_office.get("auth/me").json()["id"]


def test_the_snapshot_is_the_marts_row(
    hedge_fund: Person, analyst: Analyst, session: dict[str, str], prices: str
) -> None:
    body = hedge_fund.get(f"data/portfolio/{hedge_fund.portfolio_id}/snapshot", **session).json()
    key = (hedge_fund.portfolio_id, session.get("as_of_date", LAST))
    (snapshot,) = rows(
        analyst,
        """select snapshots.*, risk.market_beta, risk.beta_provider_1y, exposures.coverage,
            case when risk.beta_provider_1y is not null then risk.provider_beta_coverage end
                as provider_beta_coverage
        from marts.fct_portfolio_snapshots as snapshots
        join marts.fct_portfolio_risk as risk using (portfolio_id, as_of_date)
        join marts.fct_portfolio_factor_exposures as exposures using (portfolio_id, as_of_date)
        where exposures.model = 'market' and portfolio_id = %s and as_of_date = %s""",
        *key,
    )
    assert body["snapshot_date"] == key[1]
    for name in ("net_market_value", "daily_pnl", "unrealized_pnl", "cumulative_pnl", "capital_flow"):
        assert body[name] == cents(snapshot[name]), name
    for name in ("position_count", "long_count", "short_count", "option_count", "private_count"):
        assert body[name] == snapshot[name], name
    for name, column in (
        ("daily_return", "daily_return"),
        ("beta_calculated_90d", "market_beta"),
        ("beta_calculated_90d_coverage", "coverage"),
        ("beta_provider_1y", "beta_provider_1y"),
        ("beta_provider_coverage", "provider_beta_coverage"),
    ):
        assert body[name] == pytest.approx(snapshot[column], abs=5e-7), name
    overview = hedge_fund.get(f"analytics/portfolio/{hedge_fund.portfolio_id}/overview", **session).json()
    assert body["target_price_return_eoy"] == overview["target_returns"]["expected_return_eoy"]
    assert body["target_price_coverage_pct"] == overview["target_returns"]["coverage_pct"]
    notice = body["price_notice"]
    assert notice is None if prices == "real" else notice.startswith("Prices are simulated")


def test_data_quality_counts_every_open_position_once(
    hedge_fund: Person, analyst: Analyst, session: dict[str, str], prices: str
) -> None:
    path = f"data/portfolio/{hedge_fund.portfolio_id}/data-quality"
    body = hedge_fund.get(path, **session).json()
    summary, lists = body["summary"], body["position_data_quality"]
    holdings = hedge_fund.get(f"data/portfolio/{hedge_fund.portfolio_id}/complete", **session).json()
    assert summary["total_positions"] == len(holdings["holdings"])
    counted = summary["complete_data"] + summary["partial_data"] + summary["insufficient_data"]
    assert counted == summary["total_positions"]
    symbols = {holding["underlying_symbol"] or holding["symbol"] for holding in holdings["holdings"]}
    listed = [item["symbol"] for items in lists.values() for item in items]
    assert sorted(listed) == sorted(symbols)
    for item in lists["complete_history"]:
        (row,) = rows(
            analyst,
            """select count(*) as days from marts.fct_prices
            where symbol = %s and as_of_date <= %s and as_of_date >= (
                select min(as_of_date) from (
                    select as_of_date from marts.dim_dates
                    where is_trading_day and as_of_date <= %s order by as_of_date desc limit 252
                ) as sessions)""",
            item["symbol"],
            *[session.get("as_of_date", LAST)] * 2,
        )
        assert item["days_available"] == row["days"] > 30
        assert item["days_missing"] == 0
    is_advised = any("real prices" in sentence for sentence in body["recommendations"])
    assert is_advised is (prices == "simulated")


def test_data_quality_reports_the_days_that_each_analytic_needs(hedge_fund: Person, analyst: Analyst) -> None:
    path = f"data/portfolio/{hedge_fund.portfolio_id}/data-quality"
    returned = hedge_fund.get(path).json()["calculation_feasibility"]
    known = {
        row["model"]: row["days"]
        for row in rows(
            analyst, "select model, min(min_observations) as days from marts.dim_factors group by model"
        )
    }
    assert returned["factor_regression"]["min_days_required"] == known["market"]
    assert returned["volatility_analysis"]["min_days_required"] == known["risk"] > known["market"]
    assert (
        returned["correlation_matrix"]["min_days_overlap"]
        == method_variables()["correlation_rules"]["minimum"]
    )


def test_one_position_equals_its_entry_in_the_list(hedge_fund: Person, session: dict[str, str]) -> None:
    query = {"portfolio_id": hedge_fund.portfolio_id, "include_closed": True, **session}
    listed = hedge_fund.get("data/positions/details", **query).json()["positions"]
    for position in (listed[0], listed[-1]):
        alone = hedge_fund.get(f"positions/{position['id']}", **session).json()
        assert alone == position
        tags = hedge_fund.get(f"positions/{position['id']}/tags", **session).json()
        assert [tag["name"] for tag in tags] == [tag["name"] for tag in position["tags"]]
        assert [tag["id"] for tag in tags] == [tag["id"] for tag in position["tags"]]


def test_a_date_before_a_position_was_entered_is_rejected(hedge_fund: Person) -> None:
    listed = hedge_fund.get("data/positions/details", portfolio_id=hedge_fund.portfolio_id).json()
    response = hedge_fund.get(f"positions/{listed['positions'][0]['id']}", as_of_date="2025-06-27")
    body = assert_problem(response, 422, "date_before_history")
    assert "position was entered after" in body["detail"]


def test_top_positions_combine_lots_and_are_sorted(
    hedge_fund: Person, analyst: Analyst, session: dict[str, str]
) -> None:
    path = f"data/positions/top/{hedge_fund.portfolio_id}"
    known = rows(
        analyst,
        """select symbol, sum(market_value) as value, count(*) as lots from marts.fct_position_values
        where portfolio_id = %s and as_of_date = %s and is_open
        group by symbol order by abs(sum(market_value)) desc, symbol""",
        hedge_fund.portfolio_id,
        session.get("as_of_date", LAST),
    )
    body = hedge_fund.get(path, limit=5, **session).json()
    returned = [(item["symbol"], item["market_value"], item["position_count"]) for item in body["data"]]
    assert returned == [(row["symbol"], cents(row["value"]), row["lots"]) for row in known[:5]]
    assert (body["meta"]["total_symbols"], body["meta"]["truncated"]) == (len(known), True)
    equity = hedge_fund.get(f"data/portfolio/{hedge_fund.portfolio_id}/snapshot", **session).json()
    weight = body["data"][0]["market_value"] / equity["net_asset_value"]
    assert body["data"][0]["weight"] == pytest.approx(weight, abs=1e-6)
    by_weight = hedge_fund.get(path, limit=5, sort_by="weight", **session).json()
    assert by_weight["data"] == body["data"]


def test_benchmark_bars_equal_the_mart(hedge_fund: Person, analyst: Analyst, session: dict[str, str]) -> None:
    day = session.get("as_of_date", LAST)
    known = rows(
        analyst,
        """select * from marts.fct_prices where symbol = 'SPY'
        and as_of_date > %s::date - 20 and as_of_date <= %s order by as_of_date""",
        day,
        day,
    )
    body = hedge_fund.get("data/prices/benchmark/spy", lookback_days=20, **session).json()
    assert (body["available"], body["message"], body["symbol"]) == (True, None, "SPY")
    assert body["data"]["dates"] == [row["as_of_date"].isoformat() for row in known]
    assert body["data"]["close"] == [rounded(row["close"], 4) for row in known]
    assert body["metadata"]["trading_days_found"] == len(known)
    assert body["metadata"]["last_date"] == day
    unknown = hedge_fund.get("data/prices/benchmark/NO_SUCH", **session).json()
    assert (unknown["available"], unknown["data"]["dates"]) == (False, [])
    assert "no price of NO_SUCH" in unknown["message"]


def test_quotes_are_closes_and_flagged_as_not_realtime(
    hedge_fund: Person, analyst: Analyst, session: dict[str, str]
) -> None:
    day = session.get("as_of_date", LAST)
    body = hedge_fund.get("data/prices/quotes", symbols="spy,AAPL,AAPL,NO_SUCH", **session).json()
    assert [quote["symbol"] for quote in body["quotes"]] == ["SPY", "AAPL"]
    assert body["metadata"]["requested_symbols"] == ["SPY", "AAPL", "NO_SUCH"]
    assert (body["metadata"]["successful_quotes"], body["metadata"]["failed_quotes"]) == (2, 1)
    assert body["metadata"]["failed_symbols"] == ["NO_SUCH"]
    assert body["metadata"]["is_realtime"] is False
    assert body["metadata"]["timestamp"] == f"{day}T20:00:00Z"  # New York's summer time
    year = rows(
        analyst,
        """select *, max(greatest(high, close)) over () as highest, min(least(low, close)) over () as lowest
        from marts.fct_prices where symbol = 'AAPL' and as_of_date > %s::date - 365 and as_of_date <= %s
        order by as_of_date desc""",
        day,
        day,
    )
    assert all(row["split_ratio"] == 1 for row in year), "the comparison below ignores splits"
    quote, newest = body["quotes"][1], year[0]
    assert quote["last_price"] == rounded(newest["close"], 4)
    assert quote["day_change"] == rounded(newest["close"] - newest["previous_close"], 4)
    assert quote["week_52_high"] == rounded(newest["highest"], 4)
    assert quote["week_52_low"] == rounded(newest["lowest"], 4)
    assert (quote["bid"], quote["ask"], quote["price_date"]) == (None, None, day)


@pytest.fixture
def split(demo: Warehouse) -> Iterator[None]:
    """Give AAPL a two-for-one split on 2 September."""
    change = """
        update published.fct_prices set split_ratio = %s where symbol = 'AAPL' and as_of_date = '2025-09-02'
        """
    with psycopg.connect(demo.writer_url, autocommit=True) as writer:
        writer.execute(change, (2,))
        yield
        writer.execute(change, (1,))


@pytest.mark.usefixtures("split")
def test_the_years_extremes_are_in_todays_shares(hedge_fund: Person, analyst: Analyst) -> None:
    quote = hedge_fund.get("data/prices/quotes", symbols="AAPL").json()["quotes"][0]
    (row,) = rows(
        analyst,
        """select
            max(greatest(high, close) / case when as_of_date < '2025-09-02' then 2 else 1 end) as highest,
            min(least(low, close) / case when as_of_date < '2025-09-02' then 2 else 1 end) as lowest
        from marts.fct_prices where symbol = 'AAPL' and as_of_date > '2024-09-12'""",
    )
    assert quote["week_52_high"] == rounded(row["highest"], 4)
    assert quote["week_52_low"] == rounded(row["lowest"], 4)


def test_factor_etfs_have_the_names_of_the_factors_and_their_own(
    hedge_fund: Person, session: dict[str, str]
) -> None:
    body = hedge_fund.get("data/factors/etf-prices", **session).json()
    names = {etf["factor_name"] for etf in body["data"].values()}
    names_of_models = {"Market Beta", "IR Beta", "Value", "Growth", "Momentum", "Quality", "Size"}
    assert names == names_of_models | {"Low Volatility"}
    assert body["metadata"]["etf_count"] == 8
    assert body["metadata"]["without_prices"] == ["Interest Rate"]
    models = body["metadata"]["factor_model"].split(", ")
    assert models == sorted(set(models))
    assert {etf["date"] for etf in body["data"].values()} == {session.get("as_of_date", LAST)}
    assert {etf["history"] for etf in body["data"].values()} == {None}
    some = hedge_fund.get("data/factors/etf-prices", factors="value,IWM", lookback_days=7, **session).json()
    assert set(some["data"]) == {"VTV", "IWM"}
    assert some["data"]["VTV"]["name"] == "Vanguard Value ETF"
    path = f"analytics/portfolio/{hedge_fund.portfolio_id}/factor-exposures"
    for factor in hedge_fund.get(path, **session).json()["factors"]:
        found = hedge_fund.get("data/factors/etf-prices", factors=factor["name"], **session).json()
        has_etf = factor["factor"] not in {"Interest Rate", "Provider Beta"}
        assert len(found["data"]) == has_etf, factor["name"]
    spy = hedge_fund.get("data/prices/benchmark/VTV", lookback_days=7, **session).json()
    assert some["data"]["VTV"]["history"] == spy["data"]
    assert some["data"]["VTV"]["current_price"] == spy["data"]["close"][-1]


def test_profiles_require_exactly_one_selector(hedge_fund: Person) -> None:
    for query in ({}, {"symbols": "AAPL", "portfolio_id": hedge_fund.portfolio_id}, {"symbols": ","}):
        response = hedge_fund.get("data/company-profiles", **query)
        assert "exactly one" in assert_problem(response, 422, "invalid_request")["detail"]
    response = hedge_fund.get("data/company-profiles", symbols="AAPL", fields="sector,nonsense")
    assert "no field nonsense" in assert_problem(response, 422, "invalid_request")["detail"]


def test_profiles_of_a_portfolio_are_those_of_its_holdings(hedge_fund: Person) -> None:
    holdings = hedge_fund.get(f"data/portfolio/{hedge_fund.portfolio_id}/complete").json()["holdings"]
    held = {holding["underlying_symbol"] or holding["symbol"] for holding in holdings}
    body = hedge_fund.get("data/company-profiles", portfolio_id=hedge_fund.portfolio_id).json()
    meta = body["meta"]
    assert set(meta["requested_symbols"]) == held
    assert {profile["symbol"] for profile in body["profiles"]} == held - set(meta["missing_profiles"])
    ids = [holding["id"] for holding in holdings[:2]]
    of_two = hedge_fund.get("data/company-profiles", position_ids=ids, fields="sector").json()
    assert of_two["meta"]["query_type"] == "positions"
    assert all(set(profile) == {"symbol", "sector"} for profile in of_two["profiles"])


@pytest.fixture
def later_profile(demo: Warehouse) -> Iterator[None]:
    """Publish a second profile of AAPL, of 1 August, and the first one of a factor, which every user sees."""
    values = """
        insert into published.dim_company_profiles
            (publication_id, symbol, profile_date, name, sector, pe_ratio, is_first, updated_at, is_removed)
        values (1, 'AAPL', '2025-08-01', 'Apple Inc.', 'Gadgets', 31.5, false, now(), false),
            (1, 'DGS10', '2025-08-01', 'Ten Years', 'Technology', 12, true, now(), false)
        """
    with psycopg.connect(demo.writer_url, autocommit=True) as writer:
        writer.execute(values)
        yield
        writer.execute("delete from published.dim_company_profiles where profile_date = '2025-08-01'")


@pytest.mark.usefixtures("later_profile")
def test_a_profile_does_not_apply_before_its_date(hedge_fund: Person) -> None:
    def ask(day: str) -> dict[str, Any]:
        body = hedge_fund.get("data/company-profiles", symbols="AAPL,DGS10", as_of_date=day).json()
        return {profile["symbol"]: profile for profile in body["profiles"]}

    before, after = ask("2025-07-31"), ask("2025-08-01")
    assert (before["AAPL"]["sector"], before["AAPL"]["pe_ratio"]) == ("Technology", None)
    assert (after["AAPL"]["sector"], after["AAPL"]["pe_ratio"]) == ("Gadgets", 31.5)
    assert (before["DGS10"]["company_name"], before["DGS10"]["pe_ratio"]) == ("Ten Years", None)
    assert before["DGS10"]["profile_date"] is None
    assert (after["DGS10"]["pe_ratio"], after["DGS10"]["profile_date"]) == (12, "2025-08-01")
    sectors = {
        day: hedge_fund.get(
            "data/positions/details", portfolio_id=hedge_fund.portfolio_id, as_of_date=day
        ).json()["positions"]
        for day in ("2025-07-31", "2025-08-01")
    }
    returned = {day: {p["sector"] for p in found if p["symbol"] == "AAPL"} for day, found in sectors.items()}
    assert returned == {"2025-07-31": {"Technology"}, "2025-08-01": {"Gadgets"}}


def test_target_prices_equal_the_mart(hedge_fund: Person, analyst: Analyst, session: dict[str, str]) -> None:
    known = {
        row["symbol"]: row
        for row in rows(
            analyst,
            "select * from marts.fct_target_prices where portfolio_id = %s and as_of_date = %s",
            hedge_fund.portfolio_id,
            session.get("as_of_date", LAST),
        )
    }
    listed = hedge_fund.get(f"target-prices/{hedge_fund.portfolio_id}", **session).json()
    assert [target["symbol"] for target in listed] == sorted(known)
    for target in listed:
        row = known[target["symbol"]]
        assert target["target_price_eoy"] == float(row["target_price_eoy"])
        assert target["current_price"] == rounded(row["price"], 4)
        assert target["expected_return_eoy"] == pytest.approx(100 * row["expected_return_eoy"], abs=5e-5)
        assert target["position_weight"] == pytest.approx(100 * row["position_weight"], abs=5e-5)
        upside = float(abs(row["market_value"])) * row["expected_return_eoy"]
        assert target["target_upside_eoy_value"] == pytest.approx(upside, abs=0.01)
        alone = hedge_fund.get(f"target-prices/target/{target['id']}", **session).json()
        assert alone == target
    first = listed[0]
    by_symbol = hedge_fund.get(
        f"target-prices/{hedge_fund.portfolio_id}", symbol=first["symbol"].lower(), **session
    ).json()
    assert by_symbol == [first]
    held = {target["position_type"] for target in listed}
    assert held >= {"LONG", "SHORT"}
    for position_type in held:
        path = f"target-prices/{hedge_fund.portfolio_id}"
        selected = hedge_fund.get(path, position_type=position_type, **session).json()
        assert selected == [target for target in listed if target["position_type"] == position_type]


def test_the_summary_of_targets_is_the_sum_of_the_list(hedge_fund: Person, session: dict[str, str]) -> None:
    portfolio_id = hedge_fund.portfolio_id
    listed = hedge_fund.get(f"target-prices/{portfolio_id}", **session).json()
    body = hedge_fund.get(f"target-prices/{portfolio_id}/summary", **session).json()
    assert body["target_prices"] == listed
    total = sum(target["contribution_to_portfolio_return"] for target in listed)
    assert body["weighted_expected_return_eoy"] == pytest.approx(total, abs=1e-3)
    dollars = sum(target["target_upside_eoy_value"] for target in listed)
    assert body["target_upside_eoy_dollars"] == pytest.approx(dollars, abs=0.1)
    assert body["weighted_expected_return_eoy_dollars"] == f"{body['target_upside_eoy_dollars']:.2f}"
    snapshot = hedge_fund.get(f"data/portfolio/{portfolio_id}/snapshot", **session).json()
    # each contribution has four places of a percent
    rounding = 5e-7 * len(listed) * snapshot["net_asset_value"]
    assert dollars == pytest.approx(total / 100 * snapshot["net_asset_value"], abs=rounding)
    coverage = 100 * body["positions_with_targets"] / body["total_positions"]
    assert body["coverage_percentage"] == pytest.approx(coverage, abs=0.005)


def test_the_expected_sharpe_ratio_covers_the_time_to_the_years_end(
    hedge_fund: Person, analyst: Analyst
) -> None:
    body = hedge_fund.get(f"target-prices/{hedge_fund.portfolio_id}/summary").json()
    (row,) = rows(
        analyst,
        """select risk.total_volatility, (
            select sum(abs(market_value)) from marts.fct_target_prices
            where portfolio_id = risk.portfolio_id and as_of_date = risk.as_of_date
        ) / (
            select gross_exposure from marts.fct_portfolio_exposures
            where portfolio_id = risk.portfolio_id and as_of_date = risk.as_of_date
        ) as covered, (
            select rate from marts.fct_treasury_rates
            where series = 'DGS3MO' and rate_date <= %s order by rate_date desc limit 1
        ) as rate
        from marts.fct_portfolio_risk as risk where portfolio_id = %s and as_of_date = %s""",
        LAST,
        hedge_fund.portfolio_id,
        LAST,
    )
    years = (date(2025, 12, 31) - date(2025, 9, 12)).days / 365
    assert row["covered"] > 0.5, "otherwise there is no ratio"
    excess = body["weighted_expected_return_eoy"] / 100 - row["rate"] * years * float(row["covered"])
    expected = excess / (row["total_volatility"] * years**0.5)
    assert body["expected_sharpe_ratio"] == pytest.approx(expected, abs=1e-4)
    sortino = excess / -(body["weighted_downside_return"] / 100)
    assert body["expected_sortino_ratio"] == pytest.approx(sortino, abs=1e-4)


def test_tags_are_those_of_the_positions(hedge_fund: Person, session: dict[str, str]) -> None:
    body = hedge_fund.get("tags/", **session).json()
    query = {"portfolio_id": hedge_fund.portfolio_id, **session}
    positions = hedge_fund.get("data/positions/details", **query).json()["positions"]
    carried: dict[str, int] = {}
    for position in positions:
        for tag in position["tags"]:
            carried[tag["name"]] = carried.get(tag["name"], 0) + 1
    returned = {tag["name"]: tag["position_count"] for tag in body["tags"] if tag["position_count"]}
    assert returned == carried
    assert (body["total"], body["active_count"]) == (len(body["tags"]), len(body["tags"]))
    name, count = next(iter(carried.items()))
    tag = next(tag for tag in body["tags"] if tag["name"] == name)
    alone = hedge_fund.get(f"tags/{tag['id']}", **session).json()
    assert {field: alone[field] for field in tag} == tag
    assert (alone["tags"], alone["total"]) == ([tag], 1)
    found = hedge_fund.get(f"tags/{tag['id']}/positions", **session).json()
    assert (found["tag_name"], found["total"], len(found["positions"])) == (name, count, count)
    assert {p["id"] for p in found["positions"]} == {
        p["id"] for p in positions if name in {tag["name"] for tag in p["tags"]}
    }


@pytest.fixture
def august_tag(demo: Warehouse, hedge_fund: Person) -> Iterator[str]:
    """Publish a tag that a symbol had only in August; yield its name."""
    values = """
        insert into published.dim_position_tags (publication_id, portfolio_id, symbol, tag, is_automatic,
            valid_from, valid_before, created_at, updated_at, is_removed)
        values (1, %s, 'NVDA', 'August', false, '2025-08-01', '2025-09-01', now(), now(), false)
        """
    with psycopg.connect(demo.writer_url, autocommit=True) as writer:
        writer.execute(values, (hedge_fund.portfolio_id,))
        yield "August"
        writer.execute("delete from published.dim_position_tags where tag = 'August'")


def test_a_tag_is_active_in_its_period_and_archived_after(hedge_fund: Person, august_tag: str) -> None:
    held = hedge_fund.get(f"data/portfolio/{hedge_fund.portfolio_id}/complete").json()["holdings"]
    assert "NVDA" in {holding["symbol"] for holding in held}

    def ask(day: str) -> dict[str, Any] | None:
        body = hedge_fund.get("tags/", as_of_date=day).json()
        assert body["total"] == body["active_count"] + body["archived_count"]
        return next((tag for tag in body["tags"] if tag["name"] == august_tag), None)

    assert ask("2025-07-31") is None
    in_august, later = ask("2025-08-15"), ask(LAST)
    assert in_august is not None
    assert later is not None
    assert (in_august["is_archived"], in_august["usage_count"]) == (False, 1)
    assert (later["is_archived"], later["position_count"]) == (True, 0)
    active = hedge_fund.get("tags/", include_archived=False).json()
    assert august_tag not in {tag["name"] for tag in active["tags"]}
    for day, has_tag in (("2025-07-31", False), ("2025-08-15", True), (LAST, False)):
        path = f"data/portfolio/{hedge_fund.portfolio_id}/complete"
        holdings = hedge_fund.get(path, as_of_date=day).json()["holdings"]
        names = {tag["name"] for holding in holdings for tag in holding["tags"]}
        assert (august_tag in names) is has_tag, day


@pytest.fixture
def flows(demo: Warehouse, hedge_fund: Person) -> Iterator[list[tuple[str, str]]]:
    """Publish three contributions and withdrawals, as days and amounts."""
    published = [("2025-07-15", "25000.00"), ("2025-08-20", "-4000.50"), ("2025-09-10", "100.00")]
    values = """
        insert into published.fct_capital_flows (publication_id, flow_id, portfolio_id, flow_date, amount,
            notes, created_at, updated_at, is_removed)
        values (1, gen_random_uuid(), %s, %s, %s, '=a "note", with a comma', now(), now(), false)
        """
    with psycopg.connect(demo.writer_url, autocommit=True) as writer:
        for day, amount in published:
            writer.execute(values, (hedge_fund.portfolio_id, day, amount))
        yield published
        writer.execute("delete from published.fct_capital_flows")


def test_equity_changes_are_paged_newest_first(hedge_fund: Person, flows: list[tuple[str, str]]) -> None:
    path = f"portfolios/{hedge_fund.portfolio_id}/equity-changes"
    body = hedge_fund.get(path).json()
    assert [item["change_date"] for item in body["items"]] == [day for day, _ in reversed(flows)]
    assert [item["change_type"] for item in body["items"]] == ["CONTRIBUTION", "WITHDRAWAL", "CONTRIBUTION"]
    assert [item["amount"] for item in body["items"]] == ["100.00", "4000.50", "25000.00"]
    second = hedge_fund.get(path, page=2, page_size=2).json()
    assert second == {
        "items": body["items"][2:], "page": 2, "page_size": 2, "total_items": 3, "total_pages": 2,
    }  # fmt: skip
    assert hedge_fund.get(path, limit=2, offset=2).json() == second
    past = hedge_fund.get(path, as_of_date="2025-08-19").json()
    assert (past["items"], past["total_items"]) == (body["items"][2:], 1)


def test_equity_changes_are_limited_to_days(hedge_fund: Person, flows: list[tuple[str, str]]) -> None:
    path = f"portfolios/{hedge_fund.portfolio_id}/equity-changes"
    (first, _), (second, _), (third, _) = flows
    for days, kept in (
        ({"start_date": second}, [third, second]),
        ({"end_date": second}, [second, first]),
        ({"start_date": second, "end_date": second}, [second]),
    ):
        body = hedge_fund.get(path, **days).json()
        assert [item["change_date"] for item in body["items"]] == kept
        assert body["total_items"] == len(kept)
        lines = list(csv.DictReader(io.StringIO(hedge_fund.get(f"{path}/export", **days).text, newline="")))
        assert [line["change_date"] for line in lines] == kept[::-1]
    summary = hedge_fund.get(f"{path}/summary", start_date=second, end_date=second).json()
    assert (summary["total_contributions"], summary["total_withdrawals"]) == ("0.00", "4000.50")
    assert summary["last_change"]["change_date"] == second
    assert_problem(hedge_fund.get(path, start_date="20250630"), 422, "invalid_request")


@pytest.mark.usefixtures("flows")
def test_equity_changes_add_up(hedge_fund: Person) -> None:
    body = hedge_fund.get(f"portfolios/{hedge_fund.portfolio_id}/equity-changes/summary").json()
    assert (body["total_contributions"], body["total_withdrawals"]) == ("25100.00", "4000.50")
    assert body["net_flow"] == "21099.50"
    assert body["last_change"]["change_date"] == "2025-09-10"
    assert body["periods"]["30d"] == {
        "contributions": "100.00", "withdrawals": "4000.50", "net_flow": "-3900.50", "change_count": 2,
    }  # fmt: skip
    assert body["periods"]["ytd"]["net_flow"] == "21099.50"
    first = hedge_fund.get(
        f"portfolios/{hedge_fund.portfolio_id}/equity-changes/summary", as_of_date="2025-06-30"
    ).json()
    assert (first["net_flow"], first["last_change"]) == ("0.00", None)


@pytest.mark.usefixtures("flows")
def test_equity_changes_can_be_exported_as_csv(hedge_fund: Person) -> None:
    path = f"portfolios/{hedge_fund.portfolio_id}/equity-changes/export"
    response = hedge_fund.get(path, format="csv")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert response.headers["content-disposition"] == 'attachment; filename="equity_changes.csv"'
    lines = list(csv.DictReader(io.StringIO(response.text, newline="")))
    assert [line["amount"] for line in lines] == ["25000.00", "4000.50", "100.00"]
    assert {line["notes"] for line in lines} == {'\'=a "note", with a comma'}
    again = hedge_fund.client.get(
        f"/api/v1/{path}",
        params={"format": "csv"},
        headers={**hedge_fund.headers, "If-None-Match": response.headers["etag"]},
    )
    assert again.status_code == 304
    assert_problem(hedge_fund.get(path, format="xlsx"), 422, "invalid_request")
    token = hedge_fund.headers["Authorization"].removeprefix("Bearer ")
    link = hedge_fund.client.get(f"/api/v1/{path}", headers={"Cookie": f"sigmasight_access={token}"})
    assert link.content == response.content
    assert "Cookie" in link.headers["vary"]


def test_lookback_days_are_counted_from_the_session(hedge_fund: Person) -> None:
    body = hedge_fund.get("data/prices/benchmark/SPY", lookback_days=365, as_of_date="2025-08-15").json()
    assert body["data"]["dates"][-1] == "2025-08-15"
    assert date.fromisoformat(body["data"]["dates"][0]) > date(2025, 8, 15) - timedelta(days=365)
