"""The data endpoints in cases that the demo data does not contain.

The published rows of the last session are changed in a transaction that is rolled back, and queried in it.
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import psycopg
import pytest

from api.marts.answers import COVERAGE_RULES, SIMULATED_NOTICE, TAG_COLORS
from api.queries import load_query
from tests.api.api_helpers import Person, assert_problem
from warehouse.connections import Warehouse

LAST = "2025-09-12"

Ask = Callable[..., Any]
Change = Callable[..., None]
Writer = psycopg.Connection[Any]


@pytest.fixture
def writer(demo: Warehouse) -> Iterator[Writer]:
    """Open a transaction that is rolled back at the end."""
    with demo.connect_writer() as connection:
        connection.execute("set local search_path = marts")
        yield connection
        connection.rollback()


@pytest.fixture
def change(writer: Writer, hedge_fund: Person) -> Change:
    """Change published rows; %(portfolio)s and %(last)s are those that `ask` queries."""

    def execute(statement: str, **parameters: Any) -> None:
        common = {"portfolio": hedge_fund.portfolio_id, "last": LAST}
        done = writer.execute(statement.encode(), {**common, **parameters})
        assert done.rowcount > 0, "no row was changed: the test would prove nothing"

    return execute


@pytest.fixture
def ask(writer: Writer, hedge_fund: Person) -> Ask:
    """Run a query of the API for the hedge fund's portfolio on the last session."""

    def answer(name: str, **parameters: Any) -> Any:
        common = {
            "portfolio_id": hedge_fund.portfolio_id, "portfolio_ids": [hedge_fund.portfolio_id],
            "as_of_date": LAST, "requested_date": None, "published_at": "2025-09-13T00:00:00Z",
            "user_id": hedge_fund.portfolio_id, "simulated_notice": SIMULATED_NOTICE, **COVERAGE_RULES,
            "tag_colors": TAG_COLORS, "limit": 1000, "offset": 0, "max_positions": 1000, "max_days": 252,
            "max_symbols": 10, "schema_version": "1.0", "include_holdings": True,
            "include_position_tags": False, "include_timeseries": False, "include_attrib": False,
            "window_days": 252, "correlation_days": 20, "sort_by": "market_value",
            "lookback_days": 20, "include_factor_etfs": True, "date_format": "iso",
            "symbol": None, "position_type": None, "target_id": None, "part": "summary", "top_positions": 10,
        }  # fmt: skip
        statement = load_query(name).text.replace(b"::text as body", b" as body")
        found = writer.execute(statement, {**common, **parameters}).fetchone()
        assert found is not None
        return found[0]

    return answer


@pytest.fixture
def cash(change: Change) -> None:
    """Hold 5000 USD of a money-market fund without prices, as a copy of the position in MSFT."""
    change("""
        insert into published.dim_positions
        select (jsonb_populate_record(positions, '{
            "position_id": "11111111-1111-5111-8111-111111111111", "symbol": "SPAXX",
            "pricing_symbol": "SPAXX", "investment_subtype": "CASH", "quantity": 5000, "entry_price": 1,
            "cost_basis": 5000
        }')).*
        from published.dim_positions as positions
        where portfolio_id = %(portfolio)s and symbol = 'MSFT'
    """)
    change("""
        insert into published.int_position_values
        select (jsonb_populate_record(held, '{
            "position_id": "11111111-1111-5111-8111-111111111111", "symbol": "SPAXX", "price_source": "cash",
            "quantity": 5000, "price": 1, "market_value": 5000
        }')).*
        from published.int_position_values as held
        where portfolio_id = %(portfolio)s and symbol = 'MSFT' and as_of_date = %(last)s
    """)


def test_a_sortino_ratio_compares_gain_and_loss_of_the_same_positions(change: Change, ask: Ask) -> None:
    # summed separately, ten gains over one loss would be ten times the ratio of that one position
    change("""
        update published.fct_target_prices set
            expected_return_eoy = 0.2, contribution_to_portfolio_return = abs(position_weight) * 0.2,
            downside_return = case when symbol = 'JPM' then -0.1 end
        where portfolio_id = %(portfolio)s and as_of_date = %(last)s
    """)
    years = (date(2025, 12, 31) - date.fromisoformat(LAST)).days / 365
    change("update published.fct_treasury_rates set rate = 0.04 where series = 'DGS3MO'")
    (jpm,) = ask("target_prices", symbol="JPM", part="list")
    gross = sum(abs(lot["market_value"]) for lot in ask("portfolio_complete")["holdings"])
    share = jpm["target_upside_eoy_value"] / 0.2 / gross
    excess = jpm["contribution_to_portfolio_return"] / 100 - 0.04 * years * share
    loss = abs(jpm["position_weight"]) / 100 * 0.1
    body = ask("target_prices")
    assert body["expected_sortino_ratio"] == pytest.approx(excess / loss, rel=1e-3)
    assert body["expected_sortino_ratio"] < 2
    assert body["weighted_downside_return"] == pytest.approx(-100 * loss, abs=1e-4)


def test_no_sharpe_ratio_where_most_of_the_portfolio_has_no_target(change: Change, ask: Ask) -> None:
    assert ask("target_prices")["expected_sharpe_ratio"] is not None
    change("""
        delete from published.fct_target_prices
        where portfolio_id = %(portfolio)s and as_of_date = %(last)s and symbol <> 'JPM'
    """)
    body = ask("target_prices")
    assert body["expected_sharpe_ratio"] is None
    assert (body["positions_with_targets"], body["expected_sortino_ratio"] is None) == (1, False)


def test_no_sortino_ratio_without_a_position_that_has_both_targets(change: Change, ask: Ask) -> None:
    change("""
        update published.fct_target_prices set
            expected_return_eoy = case when symbol <> 'JPM' then 0.2 end,
            contribution_to_portfolio_return = case when symbol <> 'JPM' then 0.01 end,
            downside_return = case when symbol = 'JPM' then -0.1 end
        where portfolio_id = %(portfolio)s and as_of_date = %(last)s
    """)
    assert ask("target_prices")["expected_sortino_ratio"] is None


def test_a_target_without_a_price_is_not_covered(change: Change, ask: Ask) -> None:
    before = ask("target_prices")["positions_with_targets"]
    change("""
        update published.fct_target_prices set
            price = null, expected_return_eoy = null, expected_return_next_year = null,
            downside_return = null, contribution_to_portfolio_return = null, null_reason = 'no_price'
        where portfolio_id = %(portfolio)s and as_of_date = %(last)s and symbol = 'JPM'
    """)
    summary = ask("target_prices")
    assert summary["positions_with_targets"] == before - 1
    covered = pytest.approx(100 * (before - 1) / summary["total_positions"], abs=0.005)
    assert float(summary["coverage_percentage"]) == covered
    assert "JPM" in {target["symbol"] for target in summary["target_prices"]}
    returned = ask("portfolio_snapshot")
    assert (returned["target_price_positions_count"], returned["target_price_coverage_pct"]) == (
        before - 1,
        covered,
    )
    for name in ("portfolio_overview", "aggregate_overview"):
        returned = ask(name)["target_returns"]
        assert (returned["positions_with_targets"], returned["coverage_pct"]) == (before - 1, covered), name


@pytest.mark.usefixtures("cash")
def test_cash_needs_no_prices(ask: Ask) -> None:
    body = ask("portfolio_data_quality")
    lists = body["position_data_quality"]
    assert lists["insufficient_data"] == []
    assert "SPAXX" not in {item["symbol"] for items in lists.values() for item in items}
    assert (body["summary"]["insufficient_data"], body["summary"]["quality_score"]) == (0, 100)
    assert not any("SPAXX" in sentence for sentence in body["recommendations"])
    complete = ask("portfolio_complete")
    assert {lot["symbol"]: lot["has_complete_history"] for lot in complete["holdings"]}["SPAXX"] is True
    assert complete["data_quality"]["complete_data_positions"] == body["summary"]["complete_data"]
    without = ask("historical_prices")["metadata"]["symbols_without_prices"]
    assert not {"SPAXX", "DGS10"} & set(without)


def test_a_stock_with_three_prices_has_no_complete_history(change: Change, ask: Ask) -> None:
    before = ask("portfolio_complete")["data_quality"]["complete_data_positions"]
    change("delete from published.fct_prices where symbol = 'JPM' and as_of_date < '2025-09-10'")
    change("""
        update published.fct_data_quality
        set first_price_date = '2025-09-10', sessions_missing_252 = 0, flag = 'limited_history'
        where symbol = 'JPM' and as_of_date = %(last)s
    """)
    complete, quality = ask("portfolio_complete"), ask("portfolio_data_quality")
    assert {lot["symbol"]: lot["has_complete_history"] for lot in complete["holdings"]}["JPM"] is False
    (short,) = quality["position_data_quality"]["insufficient_data"]
    assert short == {"symbol": "JPM", "days_available": 3, "reason": "too_few_days"}
    assert complete["data_quality"]["complete_data_positions"] == before - 1
    assert quality["summary"]["complete_data"] == before - 1


@pytest.mark.parametrize("sessions", [29, 30])
def test_a_history_is_complete_with_the_days_that_a_regression_needs(
    change: Change, ask: Ask, sessions: int
) -> None:
    change(
        """
        update published.fct_data_quality set sessions_missing_252 = 0, first_price_date = (
            select as_of_date from marts.dim_dates where is_trading_day and as_of_date <= %(last)s
            order by as_of_date desc limit 1 offset %(before)s
        )
        where symbol = 'JPM' and as_of_date = %(last)s
        """,
        before=sessions - 1,
    )
    change("""
        delete from published.fct_prices where symbol = 'JPM' and as_of_date < (
            select first_price_date from published.fct_data_quality
            where symbol = 'JPM' and as_of_date = %(last)s
        )
    """)
    holdings = ask("portfolio_complete")["holdings"]
    returned = {lot["symbol"]: lot["has_complete_history"] for lot in holdings}["JPM"]
    listed = ask("portfolio_data_quality")["position_data_quality"]["complete_history"]
    assert returned is ("JPM" in {item["symbol"] for item in listed}) is (sessions >= 30)


@pytest.mark.parametrize(
    ("bought", "sold", "side"), [(100, -300, "SHORT"), (300, -100, "LONG"), (100, -100, "SHORT")]
)
def test_combined_lots_show_the_side_of_their_total(
    change: Change, ask: Ask, bought: int, sold: int, side: str
) -> None:
    # the lots of a short and of a long position, both of one symbol; the larger one is private
    change(
        """
        update published.int_position_values set
            symbol = 'JPM', price = 10,
            quantity = case when symbol = 'JPM' then %(bought)s else %(sold)s end,
            market_value = case when symbol = 'JPM' then %(bought)s * 10 else %(sold)s * 10 - 1 end,
            position_type = case when symbol = 'JPM' then 'LONG' else 'SHORT' end,
            investment_class = case when symbol = 'JPM' then 'PUBLIC' else 'PRIVATE' end,
            price_flag = case when symbol = 'JPM' then 'stale_price' else 'private_mark' end
        where portfolio_id = %(portfolio)s and as_of_date = %(last)s and symbol in ('JPM', 'NFLX')
        """,
        bought=bought,
        sold=sold,
    )
    (top,) = (one for one in ask("top_positions")["data"] if one["symbol"] == "JPM")
    assert (top["quantity"], top["position_count"]) == (bought + sold, 2)
    assert top["position_type"] == side
    assert top["investment_class"] == ("PUBLIC" if bought > -sold else "PRIVATE")
    assert top["price_flag"] == "stale_price"


def test_a_position_has_pnl_until_the_session_that_closes_it(hedge_fund: Person) -> None:
    def ask(day: str) -> dict[str, Any]:
        query = {"portfolio_id": hedge_fund.portfolio_id, "include_closed": True, "as_of_date": day}
        listed = hedge_fund.get("data/positions/details", **query).json()["positions"]
        return {position["symbol"]: position for position in listed}

    option = "QQQ250815C00420000"
    before, at, after = (ask(day)[option] for day in ("2025-08-14", "2025-08-15", "2025-08-18"))
    assert (before["is_open"], at["is_open"], after["is_open"]) == (True, False, False)
    assert at["day_change_value"] == pytest.approx(at["total_pnl"] - before["total_pnl"], abs=0.01) != 0
    percent = 100 * at["day_change_value"] / abs(before["market_value"])
    assert at["day_change_percent"] == pytest.approx(percent, abs=1e-4)
    assert (after["day_change_value"], after["day_change_percent"]) == (0, 0)
    alone = hedge_fund.get(f"positions/{at['id']}", as_of_date="2025-08-15").json()
    assert alone == at


def test_target_prices_are_paged(hedge_fund: Person) -> None:
    path = f"target-prices/{hedge_fund.portfolio_id}"
    everything = hedge_fund.get(path).json()
    pages = [hedge_fund.get(path, limit=5, offset=offset).json() for offset in (0, 5, 10, 15)]
    assert [len(page) for page in pages] == [5, 5, 2, 0]
    assert [target for page in pages for target in page] == everything
    assert hedge_fund.get(f"{path}/summary").json()["target_prices"] == everything
    assert_problem(hedge_fund.get(path, limit=0), 422, "invalid_request")


def test_compared_betas_are_paged(hedge_fund: Person) -> None:
    path = f"analytics/portfolio/{hedge_fund.portfolio_id}/beta-comparison"
    everything = hedge_fund.get(path).json()
    count = len(everything["positions"])
    pages = [hedge_fund.get(path, limit=count - 1, offset=offset).json() for offset in (0, count - 1)]
    assert [one for page in pages for one in page["positions"]] == everything["positions"]
    assert [page["metadata"]["truncated"] for page in pages] == [True, False]
    assert [page["metadata"]["offset"] for page in pages] == [0, count - 1]
    assert {page["data_quality"]["positions_total"] for page in pages} == {count}


def test_returns_say_from_which_session_on_they_are_not_known(change: Change, ask: Ask) -> None:
    asked: dict[str, Any] = {"from_date": None, "include_series": False, "max_drawdowns": 20}
    assert ask("analytics_returns", to_date=None, **asked)["metadata"]["chain_broken_on"] is None
    change(
        "update published.fct_portfolio_snapshots set twr_index = null"
        " where portfolio_id = %(portfolio)s and as_of_date >= '2025-08-29'"
    )
    broken = ask("analytics_returns", to_date=None, **asked)
    assert broken["metadata"]["chain_broken_on"] == "2025-08-29"
    assert all(fall["trough_date"] < "2025-08-29" for fall in broken["drawdowns"])
    before = ask("analytics_returns", to_date="2025-08-28", **asked)
    assert before["metadata"]["chain_broken_on"] is None


def test_a_what_if_names_the_session_of_an_older_price(change: Change, ask: Ask) -> None:
    change(
        "update published.int_position_values set price_date = '2025-08-29'"
        " where portfolio_id = %(portfolio)s and as_of_date = %(last)s and symbol = 'META'"
    )
    trades = '[{"symbol": "META", "quantity": -10}, {"symbol": "TLT", "quantity": 10}]'
    body = ask("analytics_what_if", trades=trades, cash="absorb")
    dates = {trade["symbol"]: trade["price_date"] for trade in body["trades"]}
    assert dates == {"META": "2025-08-29", "TLT": LAST}
