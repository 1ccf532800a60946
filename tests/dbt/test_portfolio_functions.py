"""Functions over several portfolios: compared with the marts for one portfolio, with pandas for several."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pytest
from psycopg.rows import dict_row

from ingestion.demo.demo import create_demo_users
from tests.claims import claim, user_of
from warehouse.connections import Warehouse
from warehouse.settings import project_root

pytestmark = pytest.mark.slow

LAST = "2025-09-12"
SESSIONS = ["2025-07-01", "2025-08-15", LAST]
HEDGE_FUND = "a36eb94e-4680-52ed-915e-8e29861d0e59"
HIGH_NET_WORTH = "5515c320-6894-59e2-ab83-6da49a6a52c1"
PUBLIC_GROWTH = "29304f89-2c20-5e98-8252-09f04112806c"
PRIVATE = "725641fb-e9f7-5605-a904-1e44c3e95cda"
INDIVIDUAL = "861a4971-68a9-5335-988b-eb9817b549a6"
EVERY = [HEDGE_FUND, HIGH_NET_WORTH, PUBLIC_GROWTH, PRIVATE, INDIVIDUAL]
CHOICES = [[HIGH_NET_WORTH], [HEDGE_FUND, HIGH_NET_WORTH], [PUBLIC_GROWTH, PRIVATE, INDIVIDUAL], EVERY]
FUNCTIONS = sorted(path.stem for path in (project_root() / "dbt_project/functions/portfolios").glob("*.sql"))
OF_ONE = sorted(path.stem for path in (project_root() / "dbt_project/functions/returns").glob("*.sql"))
OF_OPTIONS = sorted(path.stem for path in (project_root() / "dbt_project/functions/options").glob("*.sql"))
OF_RISK = sorted(path.stem for path in (project_root() / "dbt_project/functions/risk").glob("*.sql"))
OF_ATTRIBUTION = sorted(
    path.stem for path in (project_root() / "dbt_project/functions/attribution").glob("*.sql")
)
OF_WHAT_IFS = sorted(path.stem for path in (project_root() / "dbt_project/functions/what_if").glob("*.sql"))
PAGE = (project_root() / "docs/portfolio_functions.md").read_text("utf-8")
EXAMPLES = re.findall(r"^select[^;]+;", PAGE, re.MULTILINE)
FORMULAS = {path.stem for path in (project_root() / "dbt_project/functions").glob("*.sql")}
Rows = list[dict[str, Any]]


class Session:
    """A reader's connection with the settings that it has after the login."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection

    def rows(self, text: str, *parameters: Any) -> Rows:
        return self.connection.cursor(row_factory=dict_row).execute(text.encode(), parameters).fetchall()

    def call(self, name: str, portfolio_ids: list[str], day: str, order: str = "1, 2") -> Rows:
        return self.rows(
            f"select * from udf.{name}(%s::uuid[], %s::date) order by {order}", portfolio_ids, day
        )

    def frame(self, text: str, *parameters: Any) -> pd.DataFrame:
        return pd.DataFrame(self.rows(text, *parameters))


@pytest.fixture(scope="module")
def analyst(demo: Warehouse) -> Iterator[Session]:
    """An analyst's session with default settings."""
    with psycopg.connect(demo.analyst_url, autocommit=True) as connection:
        yield Session(connection)


def assert_same(found: Rows, expected: Rows, *key: str) -> None:
    """Assert equal keys, and figures that are equal to nine digits in the columns that both have."""
    assert [[row[name] for name in key] for row in found] == [[row[name] for name in key] for row in expected]
    assert found
    for row, mart in zip(found, expected, strict=True):
        figures = {name: mart[name] for name in row if name in mart and name not in key}
        assert {name: None if row[name] is None else float(row[name]) for name in figures} == {
            name: None if value is None else pytest.approx(float(value), rel=1e-9, abs=1e-9)
            for name, value in figures.items()
        }


@pytest.mark.parametrize("day", SESSIONS)
@pytest.mark.parametrize("portfolio_id", EVERY)
def test_for_one_portfolio_functions_equal_its_marts(analyst: Session, portfolio_id: str, day: str) -> None:
    def mart(text: str) -> Rows:
        return analyst.rows(f"{text} where portfolio_id = %s and as_of_date = %s", portfolio_id, day)

    exposures = mart("select * from fct_portfolio_exposures")
    assert_same(analyst.call("portfolios_concentration", [portfolio_id], day), exposures)
    assert_same(
        analyst.call("portfolios_overview", [portfolio_id], day),
        mart(
            "select * from fct_portfolio_snapshots"
            " join fct_portfolio_exposures using (portfolio_id, as_of_date)"
        ),
    )
    factors = mart("select *, beta as market_beta from fct_portfolio_factor_exposures")
    known = sorted(
        (row for row in factors if row["dollar_exposure"] is not None),
        key=lambda row: (row["model"], row["factor"]),
    )
    found = analyst.call("portfolios_factor_exposures", [portfolio_id], day)
    if known:
        assert_same(found, known, "model", "factor")
        assert_same(
            analyst.call("portfolios_beta", [portfolio_id], day),
            [
                {**row, **mart("select beta_provider_1y from fct_portfolio_risk")[0]}
                for row in known
                if row["factor"] == "Market"
            ][:1],
        )
    else:
        assert found == []
    groups = "select *, bucket as symbol, bucket as sector from fct_exposures_by_group"
    for kind in ("symbol", "sector"):
        shares = [row for row in mart(groups) if row["dimension"] == kind]
        found = analyst.call(f"portfolios_{kind}_shares", [portfolio_id], day)
        assert_same(
            sorted(found, key=lambda row: str(row[kind])),
            sorted(shares, key=lambda row: str(row[kind])),
            kind,
        )
    stress = [row for row in mart("select * from fct_portfolio_stress") if row["direct_pnl"] is not None]
    found = analyst.call("portfolios_stress", [portfolio_id], day)
    if stress:
        renamed = [
            {
                **row,
                "direct_to_equity": row["direct_pct_equity"],
                "correlated_to_equity": row["correlated_pct_equity"],
            }
            for row in stress
        ]
        assert_same(
            sorted(found, key=lambda row: str(row["scenario_id"])),
            sorted(renamed, key=lambda row: str(row["scenario_id"])),
            "scenario_id",
        )
    else:
        assert found == []
    assert_same(
        analyst.call("portfolios_weights", [portfolio_id], day),
        [{"portfolio_id": row["portfolio_id"], "weight": 1} for row in exposures],
        "portfolio_id",
    )


@pytest.mark.parametrize("day", SESSIONS)
@pytest.mark.parametrize("portfolio_ids", CHOICES)
def test_volatility_is_that_of_the_combined_returns(
    analyst: Session, portfolio_ids: list[str], day: str
) -> None:
    (found,) = analyst.call("portfolios_volatility", portfolio_ids, day, "1")
    facts = analyst.frame(
        """select as_of_date, portfolio_id::text, equity::float8, daily_pnl::float8, public_daily_pnl::float8
        from fct_portfolio_snapshots where portfolio_id = any(%s::uuid[]) and as_of_date <= %s""",
        portfolio_ids,
        day,
    )
    days = facts.groupby("as_of_date").agg(
        pnl=("public_daily_pnl", "sum"), capital=("equity", "sum"), total=("daily_pnl", "sum")
    )
    returns = days.pnl / (days.capital - days.total)
    rolling = {
        n: returns.rolling(n, min_periods=int(np.ceil(0.66 * n))).std() * np.sqrt(252) for n in (21, 63)
    }
    for n, values in rolling.items():
        expected = values.iloc[-1]
        got = found[f"realized_volatility_{n}d"]
        assert got == (None if np.isnan(expected) else pytest.approx(expected, rel=1e-9))
    assert (found["session_count"], found["return_count"]) == (len(days), returns.count())
    then = rolling[21].iloc[-11] if len(days) > 10 else np.nan
    change = rolling[21].iloc[-1] / then - 1
    trend = "increasing" if change > 0.05 else "decreasing" if change < -0.05 else "stable"
    assert found["volatility_trend"] == (None if np.isnan(change) else trend)
    assert_weighted(analyst, found, portfolio_ids, day)


def assert_weighted(analyst: Session, found: dict[str, Any], portfolio_ids: list[str], day: str) -> None:
    """Compare the means of the portfolios' own volatilities with pandas."""
    own = analyst.frame(
        """select equity::float8, realized_volatility_21d as volatility, forecast_volatility_21d as forecast
        from fct_portfolio_risk join fct_portfolio_snapshots using (portfolio_id, as_of_date)
        where portfolio_id = any(%s::uuid[]) and as_of_date = %s""",
        portfolio_ids,
        day,
    ).astype(float)
    for name, column in (
        ("weighted_volatility_21d", "volatility"),
        ("weighted_forecast_volatility_21d", "forecast"),
    ):
        known = own.dropna(subset=[column])
        expected = (known.equity * known[column]).sum() / known.equity.sum() if len(known) else None
        assert found[name] == (expected if expected is None else pytest.approx(expected, rel=1e-9))


@pytest.mark.parametrize("portfolio_ids", CHOICES)
def test_correlations_across_portfolios_equal_pandas(analyst: Session, portfolio_ids: list[str]) -> None:
    rows = analyst.call("portfolios_correlations", portfolio_ids, LAST)
    prices = analyst.frame(
        """select symbol, as_of_date, daily_return from fct_prices
        where as_of_date <= %s and as_of_date >= (
            select min(as_of_date) from (
                select as_of_date from dim_dates where is_trading_day and as_of_date <= %s
                order by as_of_date desc limit 90
            ) as last_sessions
        ) and symbol in (
            select bucket from fct_exposures_by_group
            where portfolio_id = any(%s::uuid[]) and as_of_date = %s and dimension = 'symbol'
        )""",
        LAST,
        LAST,
        portfolio_ids,
        LAST,
    )
    matrix = prices.pivot_table(index="as_of_date", columns="symbol", values="daily_return").corr(
        min_periods=20
    )
    expected = {
        (one, other): matrix.loc[one, other]
        for one in matrix.columns
        for other in matrix.columns
        if one < other and not np.isnan(matrix.loc[one, other])
    }
    found = {tuple(sorted((row["symbol_1"], row["symbol_2"]))): row["correlation"] for row in rows}
    assert found == {pair: pytest.approx(value, abs=1e-9) for pair, value in expected.items()}
    (mean,) = {row["mean_correlation"] for row in rows}
    assert mean == pytest.approx(np.mean(list(expected.values())))
    symbols = analyst.call("portfolios_correlated_symbols", portfolio_ids, LAST)
    assert {row["symbol"] for row in symbols if row["size_rank"]} == set(matrix.columns)
    assert all((row["return_count"] >= 20) == (row["size_rank"] is not None) for row in symbols)


def test_only_the_largest_symbols_are_paired(analyst: Session) -> None:
    largest = analyst.rows(
        "select symbol from udf.portfolios_correlated_symbols(%s::uuid[], %s) where size_rank <= 3",
        EVERY,
        LAST,
    )
    pairs = analyst.rows("select * from udf.portfolios_correlations(%s::uuid[], %s, 3)", EVERY, LAST)
    assert len(pairs) == 3
    assert {row[name] for row in pairs for name in ("symbol_1", "symbol_2")} == {
        row["symbol"] for row in largest
    }


def test_the_row_filter_applies_inside_functions(demo: Warehouse, analyst: Session) -> None:
    with demo.connect_writer() as writer:
        create_demo_users(writer)
    user = user_of(demo, "demo_hedgefundstyle@sigmasight.com")
    with psycopg.connect(demo.api_url) as connection:
        api = Session(connection)
        api.rows("select set_config('search_path', 'marts', true)")
        assert api.call("portfolios_overview", EVERY, LAST)[0]["portfolio_count"] == 0
        claim(connection, user)
        for name in FUNCTIONS:
            assert api.call(name, EVERY, LAST) == analyst.call(name, [HEDGE_FUND], LAST), name


@pytest.mark.parametrize("name", OF_ONE)
def test_functions_of_one_portfolio_read_what_the_caller_may_see(
    demo: Warehouse, analyst: Session, name: str
) -> None:
    text = f"select * from udf.{name}(%s::uuid, null, %s) order by 1"
    with demo.connect_writer() as writer:
        create_demo_users(writer)
    with psycopg.connect(demo.api_url) as connection:
        api = Session(connection)
        api.rows("select set_config('search_path', 'marts', true)")
        claim(connection, user_of(demo, "demo_hedgefundstyle@sigmasight.com"))
        assert api.rows(text, HEDGE_FUND, LAST) == analyst.rows(text, HEDGE_FUND, LAST)
        assert api.rows(text, INDIVIDUAL, LAST) == []
    with psycopg.connect(demo.analyst_url) as connection:
        then = Session(connection)
        then.rows("select set_config('search_path', 'marts_at', true)")
        then.rows("select set_config('sigmasight.published_at', now()::text, true)")
        assert then.rows(text, HEDGE_FUND, LAST) == analyst.rows(text, HEDGE_FUND, LAST)
        then.rows("select set_config('sigmasight.published_at', '2000-01-01', true)")
        assert then.rows(text, HEDGE_FUND, LAST) == []


def test_functions_read_the_marts_of_an_instant(demo: Warehouse, analyst: Session) -> None:
    published = analyst.rows("select max(published_at) as at from fct_publications")[0]["at"]
    with psycopg.connect(demo.analyst_url) as connection:
        then = Session(connection)
        then.rows("select set_config('search_path', 'marts_at', true)")
        then.rows("select set_config('sigmasight.published_at', %s, true)", str(published))
        for name in FUNCTIONS:
            assert then.call(name, EVERY, LAST) == analyst.call(name, EVERY, LAST), name
        then.rows("select set_config('sigmasight.published_at', '2000-01-01', true)")
        assert then.call("portfolios_overview", EVERY, LAST)[0]["portfolio_count"] == 0
        assert then.call("portfolios_stress", EVERY, LAST) == []


def test_functions_are_stable_parallel_safe_and_run_as_the_caller(analyst: Session) -> None:
    found = analyst.rows(
        """select proname, provolatile::text, proparallel::text, prosecdef, proconfig from pg_proc
        where pronamespace = 'udf'::regnamespace and proname like 'portfolios%%' order by 1""",
    )
    assert [row.pop("proname") for row in found] == FUNCTIONS
    kind = {"provolatile": "s", "proparallel": "s", "prosecdef": False, "proconfig": None}
    assert found == [kind] * len(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_find_portfolios_by_index(demo: Warehouse, name: str) -> None:
    """As in test_plans of the API: with enable_seqscan off, a sequential scan means a missing index."""
    with psycopg.connect(demo.analyst_url) as connection:
        analyst = Session(connection)
        analyst.rows("select set_config('enable_seqscan', 'off', true)")
        rows = analyst.rows(f"explain select * from udf.{name}(%s::uuid[], %s)", EVERY, LAST)
        plan = "\n".join(row["QUERY PLAN"] for row in rows)
    assert "Index Scan" in plan or "Bitmap Index" in plan or "Index Only Scan" in plan, plan
    assert not re.search(r"Seq Scan on (fct|portfolio|symbol)_", plan), plan


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_of_the_documentation_run(demo: Warehouse, example: str) -> None:
    ids = "(select array_agg(portfolio_id) from dim_portfolios)"
    one = "(select portfolio_id from dim_portfolios where portfolio_name ~ 'Hedge')"
    with psycopg.connect(demo.analyst_url) as connection:
        Session(connection).rows("select set_config('sigmasight.published_at', now()::text, true)")
        assert Session(connection).rows(example.replace(":ids", ids).replace(":id", one))


def test_no_example_leaves_the_session_in_the_past() -> None:
    """A reader who runs the page from top to bottom would get no rows from then on."""
    for block in re.findall(r"^```sql\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        names = re.findall(r"^set ([\w.]+)", block, re.MULTILINE)
        assert set(re.findall(r"^reset ([\w.]+);", block, re.MULTILINE)) == set(names), block


def test_every_formula_is_on_the_page() -> None:
    assert {name for name in FORMULAS if f"`{name}`" not in PAGE} == set()


def test_every_function_has_an_example() -> None:
    assert {name for example in EXAMPLES for name in re.findall(r"udf\.(\w+)", example)} - FORMULAS == {
        *FUNCTIONS,
        *OF_ONE,
        *OF_OPTIONS,
        *OF_RISK,
        *OF_ATTRIBUTION,
        *OF_WHAT_IFS,
    }
