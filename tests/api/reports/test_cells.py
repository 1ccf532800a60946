"""Every number of a report equals its cell of the marts, read here in SQL that the reports do not use."""

import json
from decimal import Decimal
from typing import Any

import pytest
from psycopg import Connection
from psycopg.rows import DictRow

from api.reports.figures import PLACES
from api.reports.model import Kind
from tests.api.reports.report_files import Reports, read
from tests.conftest import THEN

OF_PORTFOLIO = "where portfolio_id = %(id)s and as_of_date = %(date)s"
BOTH = "fct_portfolio_risk join fct_portfolio_exposures using (portfolio_id, as_of_date)"
OF_MARKET = f"(select coverage from fct_portfolio_factor_exposures {OF_PORTFOLIO} and model = 'market')"
RISK = f"select *, {OF_MARKET} as market_beta_coverage from fct_portfolio_risk {OF_PORTFOLIO}"
SNAPSHOT = f"select * from fct_portfolio_snapshots join dim_portfolios using (portfolio_id) {OF_PORTFOLIO}"
EXPOSURE = f"select * from fct_portfolio_exposures {OF_PORTFOLIO}"
CORRELATION = f"select * from fct_portfolio_correlation {OF_PORTFOLIO}"
POSITIONS = f"""
    select values.*, values.price as current_price, values.cumulative_pnl as total_pnl,
        values.weight as portfolio_weight, values.delta_adjusted_exposure as position_exposure,
        positions.strike_price, positions.expiration_date, positions.entry_date, positions.notes
    from fct_position_values as values join dim_positions as positions using (position_id, portfolio_id)
    {OF_PORTFOLIO} and is_open
    """
HISTORY = """
    select * from fct_portfolio_snapshots where portfolio_id = %(id)s and as_of_date <= %(date)s
    """
STRESS = f"""
    select stress.*, scenario_name, category, severity
    from fct_portfolio_stress as stress
    join (select distinct scenario_id, scenario_name, category, severity from dim_scenarios) as scenarios
        using (scenario_id) {OF_PORTFOLIO}
    """
FACTORS = (
    f"select * from fct_portfolio_factor_exposures join dim_factors using (model, factor) {OF_PORTFOLIO}"
)
# the portfolios of the demo began in the year
ATTRIBUTION = f"""
    select linked.* from fct_returns_by_period cross join udf.portfolio_{{function}} as linked
    {OF_PORTFOLIO} and period = 'YTD' and time_weighted is not null
    """
SEGMENTS = "attribution(%(id)s, null, %(date)s, '{dimension}', 'carino')"
OPTION_TERMS = ", ".join(
    f"sum({name}) as {name}"
    for name in ("trade_pnl", "delta_pnl", "gamma_pnl", "theta_pnl", "vega_pnl", "rho_pnl", "residual")
)
OPTION_PNL = f"""
    select {{key}}, sum(explained.daily_pnl) as pnl, {OPTION_TERMS},
        coalesce(sum(explained.daily_pnl - trade_pnl) filter (where null_reason is not null), 0)
            as unexplained_pnl,
        min(null_reason) as null_reason, count(distinct position_id) as position_count,
        avg((null_reason is null)::int)::float8 as coverage, count(*) as sessions
    from fct_option_pnl_explain as explained
    join (
        select period, from_date from fct_returns_by_period {OF_PORTFOLIO}
    ) as periods on explained.as_of_date between periods.from_date and %(date)s
    where portfolio_id = %(id)s and period = any({{periods}}) group by {{key}}
    """
REALIZED = """
    select *, extract(year from disposed_on)::int as calendar_year from fct_realized_gains
    where portfolio_id = %(id)s and method = 'portfolio' and disposed_on <= %(date)s
    """
TERMS = ", ".join(
    f"sum(case when coalesce(term, 'unknown') = '{term}' then gain else 0 end) as {term}_term"
    for term in ("short", "long", "unknown")
)
AMOUNTS = ", ".join(
    f"sum({name}) as {name}"
    for name in ("proceeds", "basis", "gain", "wash_disallowed", "gain_after_wash_sales")
)
# section and table: the SQL, the columns that name a row, and columns that are not cells of these marts
CELLS: dict[tuple[str, str], tuple[str, tuple[str, ...], set[str]]] = {
    ("summary", "value"): (SNAPSHOT, (), set()),
    ("summary", "positions"): (SNAPSHOT, (), set()),
    ("summary", "risk"): (
        f"select *, {OF_MARKET} as market_beta_coverage from {BOTH} {OF_PORTFOLIO}",
        (),
        set(),
    ),
    ("summary", "equity"): (HISTORY, ("as_of_date",), set()),
    ("returns", "periods"): (
        f"select * from fct_returns_by_period {OF_PORTFOLIO}",
        ("period",),
        {"money_weighted_annualized"},
    ),
    ("returns", "growth"): (
        "select * from udf.portfolio_series(%(id)s, null, %(date)s) where session_number > 0",
        ("as_of_date",),
        set(),
    ),
    **{
        ("attribution", f"by_{dimension}"): (
            ATTRIBUTION.format(function=SEGMENTS.format(dimension=dimension)),
            ("segment",),
            set(),
        )
        for dimension in ("sector", "investment_class", "tag")
    },
    ("attribution", "by_factor"): (
        ATTRIBUTION.format(function="factor_attribution(%(id)s, null, %(date)s, 'carino')"),
        ("factor",),
        set(),
    ),
    ("drawdowns", "worst"): (
        "select * from udf.portfolio_drawdowns(%(id)s, null, %(date)s) order by depth limit 5",
        ("peak_date",),
        set(),
    ),
    ("drawdowns", "drawdown"): (HISTORY, ("as_of_date",), set()),
    ("exposures", "concentration"): (EXPOSURE, (), set()),
    **{
        ("exposures", f"by_{dimension}"): (
            f"select * from fct_exposures_by_group {OF_PORTFOLIO} and dimension = '{dimension}'",
            ("bucket",),
            set(),
        )
        for dimension in ("sector", "investment_class", "position_type", "tag")
    },
    ("holdings", "positions"): (
        POSITIONS,
        ("position_id",),
        {
            *("entry_price", "delta", "gamma", "theta", "vega", "rho", "days_to_expiry", "industry", "tags"),
            *("exit_date", "gross_exposure", "net_exposure", "notional", "coverage"),
        },
    ),
    ("greeks", "portfolio"): (f"select * from fct_portfolio_greeks {OF_PORTFOLIO}", (), set()),
    ("greeks", "options"): (
        f"select * from fct_position_greeks {OF_PORTFOLIO}",
        ("symbol",),
        {"position_type", "quantity"},
    ),
    ("option_pnl", "periods"): (
        OPTION_PNL.format(key="period, from_date", periods="'{1D,1W,MTD,QTD,YTD,ITD}'"),
        ("period",),
        set(),
    ),
    ("option_pnl", "positions"): (
        OPTION_PNL.format(key="symbol", periods="'{YTD}'"),
        ("symbol",),
        {"position_type"},
    ),
    ("factors", "risk_model"): (
        f"select factor as name, * from ({FACTORS}) as rows where model = 'risk'",
        ("name",),
        set(),
    ),
    ("factors", "variance"): (RISK, (), set()),
    ("risk", "volatility"): (RISK, (), set()),
    ("risk", "volatility_by_position"): (
        f"select * from fct_risk_contributions {OF_PORTFOLIO} and measure = 'volatility'",
        ("symbol",),
        set(),
    ),
    ("risk", "of_equity"): (RISK, (), set()),
    ("risk", "backtest"): (
        f"select * from fct_var_backtest {OF_PORTFOLIO}",
        ("method", "pnl_basis", "confidence"),
        set(),
    ),
    ("benchmark", "ex_post"): (f"select * from fct_benchmark_risk {OF_PORTFOLIO}", (), set()),
    ("benchmark", "ex_ante"): (f"select * from fct_benchmark_risk {OF_PORTFOLIO}", (), set()),
    ("benchmark", "by_factor"): (
        "select * from udf.portfolio_active_risk(%(id)s, %(date)s, 'factor')", ("part",), set()
    ),
    ("liquidity", "portfolio"): (f"select * from fct_portfolio_liquidity {OF_PORTFOLIO}", (), set()),
    ("liquidity", "positions"): (f"select * from fct_position_liquidity {OF_PORTFOLIO}", ("symbol",), set()),
    ("correlation", "portfolio"): (CORRELATION, (), set()),
    ("correlation", "clusters"): (
        f"""
        select string_agg(symbol, ', ' order by symbol) as symbols, count(*) as symbol_count,
            max(average_correlation) as average_correlation, sum(gross_share) as gross_share
        from fct_correlation_clusters {OF_PORTFOLIO} group by cluster_id
        """,
        ("symbols",),
        set(),
    ),
    ("realized_gains", "by_year"): (
        f"select calendar_year, count(*) as lot_count, {TERMS}, {AMOUNTS} from ({REALIZED}) group by 1",
        ("calendar_year",),
        set(),
    ),
    ("realized_gains", "lots"): (REALIZED, ("symbol", "acquired_on"), set()),
    ("stress", "worst"): (STRESS, ("scenario_name",), set()),
    ("stress", "best"): (STRESS, ("scenario_name",), set()),
}  # fmt: skip


def as_written(value: Any, kind: Kind) -> str | None:
    """A cell as JSON holds it: a second computation of the rounding, by the method's places."""
    if value is None or kind not in PLACES:
        return None if value is None else str(value)
    digits = 15 if isinstance(value, float) else 60
    number = Decimal(f"{value:.{digits}g}")
    scaled = abs(number) * 10 ** PLACES[kind]
    whole = int(scaled) + (1 if scaled - int(scaled) >= Decimal("0.5") else 0)
    text = f"{Decimal(whole).scaleb(-PLACES[kind]):f}"
    text = text.rstrip("0").rstrip(".") if kind is Kind.QUANTITY else text
    return f"-{text}" if number < 0 and whole else text


def tables(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (section["name"], table["name"]): table
        for section in document["sections"]
        for table in (*section["tables"], *section["series"])
    }


@pytest.mark.parametrize("place", CELLS, ids="-".join)
def test_numbers_are_those_of_the_marts(
    reports: Reports, analyst: Connection[DictRow], place: tuple[str, str]
) -> None:
    statement, key, other = CELLS[place]
    analyst.execute("set search_path = marts")
    compared = 0
    for written in reports.values():
        document = json.loads(read(written, "portfolio_report.json"))
        table = tables(document).get(place)
        if table is None:
            continue
        kinds = {column["name"]: Kind(column["kind"]) for column in table["columns"]}
        at = {"id": document["metadata"]["portfolio_id"], "date": THEN}
        cells = {
            tuple(as_written(row[name], kinds[name]) for name in key): row
            for row in analyst.execute(statement, at)
        }
        assert place[1] in {"worst", "best"} or len(table["rows"]) == len(cells)
        for row in table["rows"]:
            source = cells[tuple(row[name] for name in key)]
            for name in kinds.keys() - other:
                assert row[name] == as_written(source[name], kinds[name]), (place, name, row)
                compared += 1
    assert compared


def test_exposures_are_the_three_measures(reports: Reports, analyst: Connection[DictRow]) -> None:
    for written in reports.values():
        document = json.loads(read(written, "portfolio_report.json"))
        rows = tables(document)["exposures", "measures"]["rows"]
        at = {"id": document["metadata"]["portfolio_id"], "date": THEN}
        source = analyst.execute(f"select * from marts.fct_portfolio_exposures {OF_PORTFOLIO}", at).fetchone()
        assert source is not None
        for row, suffix in zip(rows, ("", "_at_cost", "_delta_adjusted"), strict=True):
            for side in ("long", "short", "gross", "net"):
                assert row[f"{side}_exposure"] == as_written(source[f"{side}_exposure{suffix}"], Kind.MONEY)


def test_months_are_those_of_the_function(reports: Reports, analyst: Connection[DictRow]) -> None:
    analyst.execute("set search_path = marts")
    for written in reports.values():
        document = json.loads(read(written, "portfolio_report.json"))
        rows = tables(document)["monthly", "months"]["rows"]
        at = {"id": document["metadata"]["portfolio_id"], "date": THEN}
        months = analyst.execute("select * from udf.portfolio_months(%(id)s, null, %(date)s)", at).fetchall()
        found = {
            (row["calendar_year"], row["measure"], month): value
            for row in rows
            for month, value in row.items()
            if month not in {"calendar_year", "measure"} and value is not None
        }
        assert found == {
            (str(row["month_begins"].year), measure, f"{row['month_begins']:%b}"): as_written(
                row[name], Kind.RATE
            )
            for row in months
            for name, measure in (
                ("time_weighted", "portfolio"),
                ("benchmark", "benchmark"),
                ("excess", "excess"),
            )
            if row[name] is not None
        }


def test_contributions_of_positions_add_up_to_the_volatility(reports: Reports) -> None:
    known = 0
    for written in reports.values():
        found = tables(json.loads(read(written, "portfolio_report.json")))
        table = found.get(("risk", "volatility_by_position"))
        if table is None:
            continue
        [variance] = found["factors", "variance"]["rows"]
        for name, total in (("component", Decimal(variance["total_volatility"])), ("share", Decimal(1))):
            parts = [Decimal(row[name]) for row in table["rows"] if row[name] is not None]
            assert abs(sum(parts) - total) <= (len(parts) + 1) * Decimal("0.5e-6")
            known += len(parts)
    assert known


def test_value_at_risk_is_that_of_each_method(reports: Reports, analyst: Connection[DictRow]) -> None:
    methods = {
        "historical": "", "filtered historical": "_filtered", "parametric normal": "_parametric",
        "Cornish-Fisher": "_cornish_fisher", "stressed": "_stressed",
    }  # fmt: skip
    for written in reports.values():
        document = json.loads(read(written, "portfolio_report.json"))
        table = tables(document).get(("risk", "value_at_risk"), {"rows": []})
        at = {"id": document["metadata"]["portfolio_id"], "date": THEN}
        source = analyst.execute(f"select * from marts.fct_portfolio_risk {OF_PORTFOLIO}", at).fetchone()
        assert source is not None
        for row in table["rows"]:
            for name in ("var_95_1d", "var_99_1d", "es_95_1d", "es_99_1d"):
                cell = source[f"{name}{methods[row['method']]}"]
                assert row[name] == as_written(cell, Kind.MONEY)


def test_sections_name_their_queries_and_marts(reports: Reports) -> None:
    for written in reports.values():
        document = json.loads(read(written, "portfolio_report.json"))
        for table in tables(document).values():
            assert table["query"].startswith("report_")
            assert table["marts"]
            assert all(column["unit"] or column["kind"] == "text" for column in table["columns"])
