"""On real prices every figure of risk, attribution and liquidity is there, or null for the right reason."""

from collections.abc import Callable

import pandas as pd
import pytest

from warehouse.method import method_variables

pytestmark = pytest.mark.slow

Read = Callable[[str], pd.DataFrame]
PRIVATE = "Demo Family Office Private Opportunities"
# mart -> rows of a portfolio on a session
ROWS = {
    "fct_portfolio_risk": 1,
    "fct_benchmark_risk": 1,
    "fct_benchmark_returns": 1,
    "fct_portfolio_liquidity": 1,
    "fct_returns_by_period": 8,
    "fct_factor_attribution_daily": 10,  # eight factors, Specific, Private
}
# mart, figure, its reason, and the SQL that says when each reason is right
REASONS = [
    (
        "fct_portfolio_risk",
        "var_99_1d_stressed",
        "stressed_null_reason",
        f"case when portfolio_name = '{PRIVATE}' then 'no_public_positions' end",
    ),
    (
        "fct_benchmark_risk",
        "tracking_error_ex_ante",
        "ex_ante_null_reason",
        f"case when portfolio_name = '{PRIVATE}' then 'no_public_positions' end",
    ),
    (
        "fct_benchmark_risk",
        "tracking_error_ex_post",
        "ex_post_null_reason",
        f"""case
        when facts.sessions < {method_variables()["benchmark_rules"]["minimum"]} then 'too_few_sessions'
        when portfolio_name = '{PRIVATE}' then 'too_few_market_days' end""",
    ),
    (
        "fct_attribution_daily",
        "selection",
        "null_reason",
        """case when segment = 'Benchmark residual' then 'benchmark_residual'
        when dimension = 'sector' and segment in (select sector from dim_benchmark_sectors) and not exists (
            select from fct_prices as prices join dim_symbols using (symbol)
            where symbol like 'XL%' and sector = segment and prices.as_of_date = facts.as_of_date
        ) then 'no_proxy_price' end""",
    ),
    ("fct_factor_attribution_daily", "contribution", "null_reason", "null"),
    ("fct_option_pnl_explain", "delta_pnl", "null_reason", "null"),
    (
        "fct_risk_contributions",
        "component",
        "null_reason",
        """case when exists (
            select from fct_position_values as held where held.position_id = facts.position_id
            and held.as_of_date = facts.as_of_date and investment_class = 'PRIVATE'
        ) then 'private' end""",
    ),
    (
        "fct_position_greeks",
        "delta",
        "null_reason",
        """case when facts.as_of_date >= (
            select expiration_date from dim_positions where dim_positions.position_id = facts.position_id
        ) then 'expired' end""",
    ),
    (
        "fct_position_liquidity",
        "days_to_liquidate",
        "null_reason",
        """(select case when held.investment_class = 'PRIVATE' then 'private'
            when liquidated_by is not null then null
            when held.investment_class = 'OPTIONS' then 'no_option_volume' else 'no_volume' end
        from fct_position_values as held
        where held.position_id = facts.position_id and held.as_of_date = facts.as_of_date)""",
    ),
    (
        "fct_realized_gains",
        "term",
        "term_null_reason",
        "null",
    ),
]


@pytest.mark.parametrize("mart", ROWS)
def test_every_portfolio_has_its_rows_on_every_session(read: Read, mart: str) -> None:
    counts = read(
        f"""select portfolio_name, as_of_date, count(facts.portfolio_id) as found
        from fct_portfolio_snapshots join dim_portfolios using (portfolio_id)
        left join {mart} as facts using (portfolio_id, as_of_date) group by 1, 2"""
    )
    assert counts["portfolio_name"].nunique() == 6
    assert len(counts) > 800
    assert set(counts["found"]) == {ROWS[mart]}


@pytest.mark.parametrize(("mart", "figure", "reason", "expected"), REASONS)
def test_a_figure_is_known_or_null_for_the_right_reason(
    read: Read, mart: str, figure: str, reason: str, expected: str
) -> None:
    found = read(
        f"""select facts.{figure} is null as is_null, facts.{reason} as reason, {expected} as expected
        from {mart} as facts join dim_portfolios using (portfolio_id)"""
    )
    assert len(found) > 0
    assert (found["is_null"] == found["reason"].notna()).all()
    wrong = found[found["reason"].fillna("") != found["expected"].fillna("")]
    assert wrong.value_counts().to_dict() == {}
