# ruff: noqa: E501 - a shape is a line
"""The contract of the read API as data: the paths and fields that an existing frontend uses.

A shape is written in a short form of TypeScript:

name          a number
name:text     another type: text, bool, int, date, instant, uuid, decimal (a number written as text), any
name?         may be null (name:text? likewise)
name{...}     an object; name[...] an array; name<...> an object whose keys are symbols, sectors etc.
{...} [...]   the same without a name: the whole response, the items of an array

The API may be narrower (an enum for text, never null) and may return more fields. If a figure is not available,
it returns null with a reason, even where the contract does not allow null.
"""

from collections.abc import Mapping

TAG = "id:uuid name:text color:text description:text?"

POSITION = f"""
    id:uuid portfolio_id:uuid symbol:text company_name:text? sector:text? industry:text? position_type:text
    investment_class:text investment_subtype:text? quantity entry_date:date entry_price cost_basis current_price
    market_value unrealized_pnl unrealized_pnl_percent realized_pnl day_change_value day_change_percent
    strike_price? expiration_date:date? underlying_symbol:text? exit_date:date? exit_price? tags[{{{TAG}}}]
"""

PORTFOLIO = """
    id:uuid user_id:uuid name:text account_name:text account_type:text description:text? currency:text
    equity_balance:decimal is_active:bool created_at:instant updated_at:instant position_count:int
    net_asset_value:decimal total_value:decimal
"""

TARGET = """
    id:uuid portfolio_id:uuid position_id:uuid? symbol:text position_type:text? target_price_eoy:decimal?
    target_price_next_year:decimal? downside_target_price:decimal? current_price:decimal
    expected_return_eoy:decimal? expected_return_next_year:decimal? downside_return:decimal?
    target_upside_eoy_value:decimal? target_upside_next_year_value:decimal? target_downside_value:decimal?
    position_weight:decimal? contribution_to_portfolio_return:decimal? contribution_to_portfolio_risk:decimal?
    price_updated_at:instant created_at:instant updated_at:instant
"""

USER_TAG = """
    id:uuid user_id:uuid name:text color:text description:text? display_order:int usage_count:int
    position_count:int is_archived:bool created_at:instant updated_at:instant
"""

TARGET_RETURNS = """
    expected_return_eoy? expected_return_next_year? downside_return? coverage_pct positions_with_targets:int
    total_positions:int last_updated:instant?
"""

QUALITY = """
    data_quality{flag:text message:text positions_analyzed:int positions_total:int positions_skipped:int data_days:int}
"""

FEASIBLE = "feasible:bool positions_eligible:int positions_excluded:int"

SCENARIOS = """
    scenarios[{id:text name:text description:text category:text severity:text impact_type:text
        impact{dollar_impact percentage_impact new_portfolio_value}}]
    portfolio_value calculation_date:date
"""


def analytic(fields: str) -> str:
    """Make the shape of an analytic: the common envelope and its own fields."""
    envelope = "available:bool portfolio_id:uuid calculation_date:date? metadata:any"
    return f"{{{envelope} {QUALITY} {fields}}}"


TOKEN = "{access_token:text token_type:text expires_in:int}"
ANALYTICS = "GET /analytics/portfolio/{id}"

CONTRACT: Mapping[str, str] = {
    # authentication
    "POST /auth/login": TOKEN,
    "POST /auth/refresh": TOKEN,
    "POST /auth/logout": "",
    "GET /auth/me": """{id:uuid email:text full_name:text is_active:bool created_at:instant portfolio_id:uuid?
        portfolio_count:int}""",
    # data
    "GET /data/portfolios": """[{id:uuid name:text net_asset_value total_value equity_balance total_market_value
        created_at:instant updated_at:instant position_count:int}]""",
    "GET /portfolios": f"""{{portfolios[{{{PORTFOLIO}}}] total_count:int active_count:int net_asset_value:decimal
        total_value:decimal}}""",
    "GET /portfolios/{id}": f"{{{PORTFOLIO}}}",
    "GET /data/portfolio/{id}/complete": """{
        meta{as_of:date requested:any applied:any limits{max_positions:int max_days:int max_symbols:int}
            rows_returned:any truncated:any schema_version:text}
        portfolio{id:uuid name:text net_asset_value total_value equity_balance cash_balance position_count:int
            as_of:date}
        positions_summary{long_count:int short_count:int option_count:int total_market_value}
        holdings[{id:uuid symbol:text quantity position_type:text investment_class:text market_value last_price
            current_price has_complete_history:bool tags[{id:uuid name:text color:text}]}]
        timeseries{dates[:date] values[:number] daily_pnl[:number] daily_return[:number]}
        attribution{contributors[{symbol:text pnl contribution}] detractors[{symbol:text pnl contribution}]}
        data_quality{complete_data_positions:int partial_data_positions:int as_of:date}}""",
    "GET /data/portfolio/{id}/snapshot": """{portfolio_id:uuid snapshot_date:date target_price_return_eoy?
        target_price_return_next_year? target_price_coverage_pct? target_price_positions_count:int
        target_price_total_positions:int target_price_last_updated:instant? beta_calculated_90d?
        beta_provider_1y? daily_pnl daily_return}""",
    "GET /data/portfolio/{id}/data-quality": f"""{{portfolio_id:uuid assessment_date:date
        summary{{total_positions:int complete_data:int partial_data:int insufficient_data:int
            data_coverage_percent quality_score}}
        position_data_quality{{
            complete_history[{{symbol:text days_available:int days_missing:int}}]
            partial_history[{{symbol:text days_available:int days_missing:int}}]
            insufficient_data[{{symbol:text days_available:int reason:text}}]}}
        calculation_feasibility{{correlation_matrix{{{FEASIBLE}}} factor_regression{{{FEASIBLE}}}
            volatility_analysis{{{FEASIBLE}}}}}
        recommendations[:text]}}""",
    "GET /data/positions/details": f"""{{positions[{{{POSITION}}}]
        summary{{total_positions:int total_cost_basis total_market_value total_unrealized_pnl}}}}""",
    "GET /positions/{id}": f"{{{POSITION}}}",
    "GET /positions/{id}/tags": f"[{{{TAG}}}]",
    "GET /data/positions/top/{id}": """{portfolio_id:uuid as_of:date
        data[{symbol:text name:text? sector:text? market_value weight}] meta:any}""",
    "GET /data/prices/historical/{id}": """{
        metadata{lookback_days:int start_date:date end_date:date trading_days_included:int}
        symbols<{dates:any open[:number] high[:number] low[:number] close[:number] adjusted_close[:number]
            volume[:number] data_points:int source:text}>}""",
    "GET /data/prices/benchmark/{symbol}": """{symbol:text available:bool
        metadata{lookback_days:int start_date:date end_date:date trading_days_found:int first_date:date
            last_date:date}
        data{dates[:date] open[:number] high[:number] low[:number] close[:number] volume[:number]}}""",
    "GET /data/prices/quotes": """{
        quotes[{symbol:text last_price previous_close volume day_change day_change_percent day_high day_low
            week_52_high week_52_low timestamp:instant bid? ask?}]
        metadata{requested_symbols:any successful_quotes:int failed_quotes:int timestamp:instant
            is_realtime:bool}}""",
    "GET /data/factors/etf-prices": """{metadata{factor_model:text etf_count:int timestamp:instant}
        data<{factor_name:text symbol:text current_price open high low volume date:date updated_at:instant
            data_source:text history:any?}>}""",
    "GET /data/company-profiles": """{
        profiles[{symbol:text company_name:text sector:text industry:text exchange:text country:text
            currency:text market_cap description:text is_etf:bool is_fund:bool employees website:text pe_ratio
            forward_pe dividend_yield beta week_52_high week_52_low target_mean_price target_high_price
            target_low_price number_of_analyst_opinions recommendation_mean recommendation_key:text forward_eps
            earnings_growth revenue_growth profit_margins operating_margins gross_margins return_on_assets
            return_on_equity total_revenue next_earnings_date:date}]
        meta{query_type:text requested_symbols:any returned_profiles:int missing_profiles:any as_of:any}}""",
    "GET /target-prices/{portfolio_id}": f"[{{{TARGET}}}]",
    "GET /target-prices/{portfolio_id}/summary": f"""{{portfolio_name:text total_positions:int
        positions_with_targets:int coverage_percentage:decimal weighted_expected_return_eoy:decimal?
        weighted_expected_return_next_year:decimal? weighted_downside_return:decimal?
        expected_sharpe_ratio:decimal? expected_sortino_ratio:decimal? target_prices[{{{TARGET}}}]
        last_updated:instant}}""",
    "GET /target-prices/target/{id}": f"{{{TARGET}}}",
    "GET /tags/": f"{{tags[{{{USER_TAG}}}] total:int active_count:int archived_count:int}}",
    "GET /tags/{id}": f"{{{USER_TAG}}}",
    "GET /tags/{id}/positions": "any",
    "GET /portfolios/{id}/equity-changes": """{
        items[{id:uuid portfolio_id:uuid change_type:text amount:decimal change_date:date notes:text?
            created_at:instant}]
        page:int page_size:int total_items:int total_pages:int}""",
    "GET /portfolios/{id}/equity-changes/summary": """{portfolio_id:uuid total_contributions:decimal
        total_withdrawals:decimal net_flow:decimal last_change:any? periods:any}""",
    "GET /portfolios/{id}/equity-changes/export": "",
    "GET /onboarding/csv-template": "",
    # analytics
    f"{ANALYTICS}/overview": f"""{{portfolio_id:uuid equity_balance net_asset_value total_value cash_balance
        leverage
        exposures{{long_exposure short_exposure gross_exposure net_exposure long_percentage short_percentage
            gross_percentage net_percentage}}
        pnl{{total_pnl unrealized_pnl realized_pnl ytd_pnl mtd_pnl daily_pnl}}
        position_count{{total_positions:int long_count:int short_count:int option_count:int}}
        target_returns{{{TARGET_RETURNS}}} last_updated:instant}}""",
    f"{ANALYTICS}/factor-exposures": analytic("factors[{name:text beta exposure_dollar}]"),
    f"{ANALYTICS}/positions/factor-exposures": analytic(
        "total:int limit:int offset:int positions[{position_id:uuid symbol:text exposures<:number>}]"
    ),
    f"{ANALYTICS}/spread-factors": analytic(
        """factors[{name:text beta exposure_dollar direction:text magnitude:text risk_level:text
        explanation:text}]"""
    ),
    f"{ANALYTICS}/stress-test": analytic(f"data{{{SCENARIOS}}}"),
    f"{ANALYTICS}/correlation-matrix": analytic("data{matrix<<:number>> average_correlation}"),
    f"{ANALYTICS}/diversification-score": analytic(
        "portfolio_correlation duration_days:int symbols_included:int"
    ),
    f"{ANALYTICS}/sector-exposure": analytic(
        """data{portfolio_weights<:number> benchmark_weights<:number> over_underweight<:number>
        largest_overweight:any largest_underweight:any total_portfolio_value positions_by_sector:any
        unclassified_value unclassified_count:int}"""
    ),
    f"{ANALYTICS}/concentration": analytic(
        """data{hhi effective_num_positions top_3_concentration top_10_concentration total_positions:int
        position_weights:any?}"""
    ),
    f"{ANALYTICS}/volatility": analytic(
        """data{realized_volatility_21d realized_volatility_63d expected_volatility_21d? volatility_trend:text?
        volatility_percentile?}"""
    ),
    f"{ANALYTICS}/market-beta": analytic(
        "data{market_beta_weighted market_beta_r_squared market_beta_observations market_beta_direct}"
    ),
    f"{ANALYTICS}/beta-calculated-90d": analytic(
        "data{beta_calculated_90d beta_calculated_90d_r_squared beta_calculated_90d_observations}"
    ),
    f"{ANALYTICS}/beta-provider-1y": analytic(
        "data{beta_provider_1y positions_with_beta:int positions_total:int coverage_percentage}"
    ),
    f"{ANALYTICS}/beta-comparison": analytic(
        """positions[{symbol:text position_id:uuid market_beta? calculated_beta? beta_r_squared?
        calculation_date:date? observations? beta_difference?}]"""
    ),
    f"{ANALYTICS}/risk-metrics": analytic(
        """risk_metrics{portfolio_beta annualized_volatility max_drawdown sharpe_ratio? var_95_1d
        es_95_1d}"""
    ),
    f"{ANALYTICS}/greeks": analytic(""),
    f"{ANALYTICS}/value-at-risk": analytic(""),
    f"{ANALYTICS}/risk-decomposition": analytic(""),
    **{
        f"GET /analytics/aggregate/{name}": "any"
        for name in (
            *("overview", "breakdown", "beta", "volatility", "factor-exposures", "sector-exposure"),
            *("concentration", "correlation-matrix", "stress-test"),
        )
    },
    # operations
    "GET /health": "any",
    "GET /health/live": "{live:bool}",
    "GET /health/ready": "any",
    "GET /publications": "any",
    "GET /restatements": "any",
    "GET /lineage/{mart}": "{description:text grain[:text] columns:any compiled_sql:text? upstream:any}",
    "GET /admin/batch/run/current": "any",
    "GET /admin/batch/history": "any",
}
