"""Every metric over the demo, for every portfolio: its figures are the marts' and the API's."""

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import pytest
from psycopg import Connection
from psycopg.rows import DictRow

from api.chat.tools.metrics import read_metrics
from api.chat.tools.semantic.marts import read_marts
from tests.api.api_helpers import Person, log_in_demo, rounded
from tests.api.chat.tools.conftest import OWNERS, Call
from tests.conftest import THEN

pytestmark = pytest.mark.slow

PORTFOLIOS: Final = {
    "Demo Hedge Fund Style Investor Portfolio": "hedgefundstyle",
    "Demo Family Office Public Growth": "familyoffice",
    "Demo Family Office Private Opportunities": "familyoffice",
    "Demo High Net Worth Investor Portfolio": "hnw",
    "Demo Individual Investor Portfolio": "individual",
}
CUTS = [(metric.name, by) for metric in read_metrics().values() for by in metric.files]
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:.*")
Rows = list[dict[str, Any]]
Ask = Callable[..., Rows]


@pytest.fixture
def ask(call: Call) -> Ask:
    """The rows of a metric for a portfolio."""

    def rows_of(portfolio: str, name: str, by: str | None = None, **given: Any) -> Rows:
        answer = call(PORTFOLIOS[portfolio], "metric", name=name, by=by, portfolio=portfolio, **given)
        assert answer.ok, answer.text
        found = json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)
        assert not found["truncated"]
        return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]

    return rows_of


@pytest.fixture(scope="module")
def owners(api: Any) -> dict[str, Person]:
    """The demo's users, logged in to the API."""
    return {owner: log_in_demo(api, f"demo_{owner}@sigmasight.com") for owner in OWNERS}


def comparable(value: Any) -> Any:
    """A cell without what types add to it."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float):
        return Decimal(repr(value)).normalize()
    if isinstance(value, int | Decimal):
        return Decimal(value).normalize()
    if isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value) if _INSTANT.fullmatch(str(value)) else str(value)


def rows_of_mart(
    analyst: Connection[DictRow], mart: str, columns: list[str], portfolio: str, sessions: set[str]
) -> Counter[tuple[Any, ...]]:
    """The rows of a mart for a portfolio, on these sessions if it has any: an independent statement."""
    keys = read_marts()[mart].columns
    mine = (
        "portfolio_id in (select portfolio_id from marts.dim_portfolios where portfolio_name = %(portfolio)s)"
    )
    conditions = [
        "true",
        *([mine] if "portfolio_id" in keys else []),
        *(["as_of_date = any(%(sessions)s::date[])"] if "as_of_date" in keys and sessions else []),
    ]
    statement = f"select {', '.join(columns)} from marts.{mart} where {' and '.join(conditions)}"
    found = analyst.execute(statement, {"portfolio": portfolio, "sessions": sorted(sessions)})
    return Counter(tuple(comparable(value) for value in row.values()) for row in found)


@pytest.mark.parametrize("portfolio", PORTFOLIOS)
@pytest.mark.parametrize(("name", "by"), CUTS)
def test_the_figures_are_those_of_the_mart(
    ask: Ask, analyst: Connection[DictRow], name: str, by: str | None, portfolio: str
) -> None:
    """Each row, in the columns that are a mart's own, is a row of that mart with the same key."""
    rows = ask(portfolio, name, by)
    by_mart: dict[str, dict[str, str]] = {}
    for column in read_metrics()[name].columns(by):
        if column.is_unchanged and not column.source[0].startswith("dim_portfolios."):
            mart, _, source = column.source[0].partition(".")
            by_mart.setdefault(mart, {})[column.name] = source
    sessions = {row["as_of_date"] for row in rows if "as_of_date" in row}
    for mart, columns in by_mart.items():
        expected = rows_of_mart(analyst, mart, list(columns.values()), portfolio, sessions)
        shown = Counter(tuple(comparable(row[column]) for column in columns) for row in rows)
        assert set(shown) <= set(expected), (mart, list((shown - expected).elements())[:3])
        assert {row.get("portfolio_name", portfolio) for row in rows} <= {portfolio}


@pytest.mark.parametrize("portfolio", PORTFOLIOS)
def test_returns_compound_the_daily_returns(ask: Ask, analyst: Connection[DictRow], portfolio: str) -> None:
    (row,) = ask(portfolio, "returns")
    daily = analyst.execute(
        """
        select as_of_date, daily_return from marts.fct_portfolio_snapshots
        where as_of_date <= %s and portfolio_id in (
            select portfolio_id from marts.dim_portfolios where portfolio_name = %s
        ) order by as_of_date
        """,
        [THEN, portfolio],
    ).fetchall()

    def compounded(first: date) -> float:
        growth = 1.0
        for day in daily:
            growth *= 1 + (day["daily_return"] if day["as_of_date"] >= first else 0)
        return growth - 1

    assert float(row["daily_return"]) == daily[-1]["daily_return"]
    assert float(row["mtd_return"]) == pytest.approx(compounded(THEN.replace(day=1)), abs=1e-12)
    assert float(row["ytd_return"]) == pytest.approx(compounded(date(THEN.year, 1, 1)), abs=1e-12)
    assert float(row["return_since_inception"]) == pytest.approx(compounded(date.min), abs=1e-12)
    assert row["one_year_return"] is None


@pytest.mark.parametrize("portfolio", PORTFOLIOS)
def test_the_risk_page_of_the_api_shows_the_same(ask: Ask, owners: dict[str, Person], portfolio: str) -> None:
    person = owners[PORTFOLIOS[portfolio]]
    page = person.get(f"analytics/portfolio/{person.portfolios[portfolio]}/risk-metrics").json()[
        "risk_metrics"
    ]
    (beta,) = ask(portfolio, "market_beta")
    (volatility,) = ask(portfolio, "realized_volatility")
    (model,) = ask(portfolio, "model_volatility")
    (var,) = ask(portfolio, "var")
    (es,) = ask(portfolio, "expected_shortfall")
    (drawdown,) = ask(portfolio, "drawdown")
    (returns,) = ask(portfolio, "returns")
    (sharpe,) = ask(portfolio, "sharpe")
    assert {
        "portfolio_beta": rounded(beta["market_beta"], 6),
        "portfolio_beta_coverage": rounded(beta["coverage"], 6),
        "annualized_volatility": rounded(volatility["realized_volatility_63d"], 6),
        "max_drawdown": rounded(drawdown["max_drawdown"], 6),
        "current_drawdown": rounded(drawdown["current_drawdown"], 6),
        "time_weighted_return": rounded(returns["return_since_inception"], 6),
        "sharpe_ratio": rounded(sharpe["sharpe_ratio"], 6),
        "sharpe_null_reason": sharpe["sharpe_null_reason"],
        "sharpe_observations": sharpe["sharpe_observations"] or 0,
        "var_95_1d": rounded(var["var_95_1d"], 2),
        "var_99_1d": rounded(var["var_99_1d"], 2),
        "es_95_1d": rounded(es["es_95_1d"], 2),
        "es_99_1d": rounded(es["es_99_1d"], 2),
        "systematic_volatility": rounded(model["systematic_volatility"], 6),
        "idiosyncratic_volatility": rounded(model["idiosyncratic_volatility"], 6),
        "total_volatility": rounded(model["total_volatility"], 6),
    } == page


@pytest.mark.parametrize("portfolio", PORTFOLIOS)
def test_the_sector_page_of_the_api_shows_the_same(
    ask: Ask, owners: dict[str, Person], portfolio: str
) -> None:
    person = owners[PORTFOLIOS[portfolio]]
    page = person.get(f"analytics/portfolio/{person.portfolios[portfolio]}/sector-exposure").json()["data"]
    rows = ask(portfolio, "sector_weights")
    shown = {row["sector"]: rounded(row["difference"], 6) for row in rows}
    assert shown == (page["over_underweight"] if page else {})
    weights = {row["sector"]: rounded(row["weight"], 6) for row in rows if row["weight"] > 0}
    assert weights == (page["portfolio_weights"] if page else {})


@pytest.mark.parametrize("owner", OWNERS)
def test_the_total_adds_up_dollars_and_divides_them(call: Call, owner: str) -> None:
    def rows_of(name: str) -> Rows:
        answer = call(owner, "metric", name=name, portfolio="all")
        found = json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)
        return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]

    (total,) = rows_of("total")
    each, exposures = rows_of("pnl"), rows_of("exposure")
    equity = sum(row["equity"] for row in rows_of("equity"))
    assert total["portfolio_count"] == len(each)
    assert total["daily_pnl"] == sum(row["daily_pnl"] for row in each)
    assert total["equity"] == equity
    gross = sum(row["gross_exposure"] for row in exposures)
    assert total["leverage"] == pytest.approx(gross / equity, abs=Decimal("1e-12"))


@pytest.mark.parametrize("portfolio", PORTFOLIOS)
def test_cuts_add_up(ask: Ask, portfolio: str) -> None:
    (exposure,) = ask(portfolio, "exposure")
    for by in ("sector", "investment_class", "position_type", "symbol"):
        groups = ask(portfolio, "exposure", by)
        assert sum(row["gross_exposure"] for row in groups) == exposure["gross_exposure"], by
    (pnl,) = ask(portfolio, "pnl")
    assert sum(row["pnl"] for row in ask(portfolio, "pnl", "month")) == pnl["cumulative_pnl"]
    assert sum(row["pnl"] for row in ask(portfolio, "pnl", "year")) == pnl["cumulative_pnl"]
    assert sum(row["unrealized_pnl"] for row in ask(portfolio, "pnl", "symbol")) == pnl["unrealized_pnl"]
    realized = sum(row["realized_pnl"] for row in ask(portfolio, "realized_pnl"))
    assert realized == pnl["cumulative_realized_pnl"]
    dividends = sum(row["dividends_since_inception"] for row in ask(portfolio, "dividends"))
    assert dividends == pnl["cumulative_dividends"]


@pytest.mark.parametrize("portfolio", PORTFOLIOS)
def test_the_top_ten_are_the_largest_positions(ask: Ask, portfolio: str) -> None:
    sizes: Counter[str] = Counter()
    for row in ask(portfolio, "positions"):
        sizes[row["symbol"]] += row["market_value"]
    largest = sorted(sizes, key=lambda symbol: (-abs(sizes[symbol]), symbol))[:10]
    assert [row["symbol"] for row in ask(portfolio, "top_positions")] == largest


def test_a_past_session_shows_its_own_figures(ask: Ask) -> None:
    portfolio = "Demo Hedge Fund Style Investor Portfolio"
    then = ask(portfolio, "equity", as_of="2025-07-31")
    history = {row["as_of_date"]: row["equity"] for row in ask(portfolio, "equity", "day")}
    assert [(row["as_of_date"], row["equity"]) for row in then] == [("2025-07-31", history["2025-07-31"])]


def test_the_demo_has_these_portfolios(analyst: Connection[DictRow]) -> None:
    names = {
        row["portfolio_name"] for row in analyst.execute("select portfolio_name from marts.dim_portfolios")
    }
    assert names == set(PORTFOLIOS)
