"""The dbt documentation is complete, and models reference only the layers that they may."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from warehouse.connections import Warehouse
from warehouse.settings import project_root

# Grain | columns that readers may rely on
CONTRACT = {
    "dim_portfolios": "portfolio_id | portfolio_name owner_email description account_type base_currency "
    "initial_equity inception_date",
    "dim_positions": "position_id | portfolio_id symbol underlying_symbol investment_class "
    "investment_subtype position_type "
    "option_type strike_price expiration_date quantity contract_multiplier entry_date "
    "entry_price exit_date exit_price tags",
    "dim_symbols": "symbol | name security_type sector industry exchange country currency market_cap "
    "dividend_yield first_price_date last_price_date",
    "dim_company_profiles": "symbol profile_date | name sector description provider_beta pe_ratio",
    "dim_position_tags": "portfolio_id symbol tag is_automatic valid_from | valid_before created_at",
    "dim_tags": "portfolio_id tag | tag_name color description is_archived",
    "fct_capital_flows": "flow_id | portfolio_id flow_date amount notes created_at",
    "fct_treasury_rates": "series rate_date | tenor_years rate",
    "dim_dates": "as_of_date | is_trading_day is_half_day previous_trading_day next_trading_day is_month_end",
    "dim_factors": "model factor | proxy_symbol long_symbol short_symbol window_days min_observations unit",
    "fct_prices": "symbol as_of_date | open high low close adjusted_close volume daily_return split_ratio "
    "dividend source",
    "fct_position_values": "position_id as_of_date | portfolio_id symbol underlying_symbol sector "
    "investment_class quantity price price_date "
    "price_flag market_value cost_basis weight unrealized_pnl realized_pnl dividends daily_pnl "
    "contribution_to_return cumulative_pnl opening_value unrealized_at_opening",
    "fct_trades": "position_id as_of_date kind | portfolio_id trade_date quantity price amount realized_pnl",
    "fct_portfolio_snapshots": "portfolio_id as_of_date | equity cash net_market_value capital_flow "
    "daily_pnl daily_return cumulative_pnl cumulative_realized_pnl cumulative_dividends twr_index drawdown "
    "position_count long_count short_count option_count private_count public_price_coverage",
    "dim_benchmarks": "portfolio_id valid_from | valid_to symbol is_default",
    "fct_benchmark_returns": "portfolio_id as_of_date | symbol daily_return benchmark_index",
    "fct_returns_by_period": "portfolio_id as_of_date period | from_date sessions time_weighted "
    "money_weighted money_weighted_period benchmark excess coverage",
    "fct_attribution_daily": "portfolio_id as_of_date dimension segment | portfolio_weight benchmark_weight "
    "contribution benchmark_return allocation selection effect null_reason",
    "fct_factor_attribution_daily": "portfolio_id as_of_date factor | beta factor_return contribution "
    "null_reason coverage",
    "fct_option_pnl_explain": "position_id as_of_date | portfolio_id symbol daily_pnl trade_pnl delta_pnl "
    "gamma_pnl theta_pnl vega_pnl rho_pnl residual null_reason",
    "fct_benchmark_risk": "portfolio_id as_of_date | benchmark_symbol beta up_capture down_capture "
    "tracking_error_ex_post active_return ex_post_null_reason information_ratio sessions session_coverage "
    "tracking_error_ex_ante tracking_error_factors tracking_error_specific beta_ex_ante ex_ante_null_reason "
    "benchmark_volatility benchmark_specific_volatility coverage coverage_of_equity",
    "fct_portfolio_exposures": "portfolio_id as_of_date | long_exposure short_exposure gross_exposure "
    "net_exposure long_exposure_at_cost short_exposure_at_cost gross_exposure_at_cost net_exposure_at_cost "
    "long_exposure_delta_adjusted short_exposure_delta_adjusted gross_exposure_delta_adjusted "
    "net_exposure_delta_adjusted leverage net_to_equity hhi effective_names top_1_share top_3_share "
    "top_5_share top_10_share",
    "fct_exposures_by_group": "portfolio_id as_of_date dimension bucket | long_exposure short_exposure "
    "gross_exposure net_exposure delta_adjusted_exposure share_of_gross position_count",
    "fct_realized_gains": "method disposal_id lot_id part | portfolio_id symbol quantity acquired_on "
    "disposed_on term term_null_reason proceeds basis gain wash_disallowed basis_adjustment "
    "gain_after_wash_sales",
    "fct_transactions": "transaction_id | portfolio_id trade_date kind symbol quantity price fees amount",
    "fct_transaction_checks": "portfolio_id symbol | quantity_by_transactions quantity_by_statements "
    "is_equal",
    "fct_tax_lots": "method lot_id | portfolio_id symbol acquired_on quantity cost_basis basis_adjustment",
    "fct_symbol_factor_betas": "symbol as_of_date model factor | beta is_clipped std_error t_stat p_value "
    "r_squared vif observations window_days quality_flag",
    "fct_portfolio_factor_exposures": "portfolio_id as_of_date model factor | beta dollar_exposure "
    "variance_contribution coverage tilt quality_flag quality_message positions_analyzed positions_total "
    "positions_skipped data_days",
    "dim_scenarios": "scenario_id factor | scenario_name category severity shock shock_basis source",
    "fct_position_greeks": "position_id as_of_date | portfolio_id symbol underlying_symbol underlying_price "
    "strike_price years_to_expiration risk_free_rate dividend_yield implied_volatility iv_source "
    "option_price price_flag delta gamma theta vega rho vanna volga charm position_delta position_gamma "
    "position_theta position_vega position_rho delta_dollars gamma_dollars_1pct null_reason",
    "fct_portfolio_greeks": "portfolio_id as_of_date | delta gamma theta vega rho delta_dollars "
    "gamma_dollars_1pct option_count options_without_greeks",
    "fct_factor_correlations": "as_of_date model factor_1 factor_2 | correlation observations is_collinear",
    "fct_portfolio_risk": "portfolio_id as_of_date | market_beta systematic_volatility "
    "idiosyncratic_volatility total_volatility realized_volatility_21d realized_volatility_63d "
    "forecast_volatility_21d forecast_model har_r_squared proxied_share volatility_trend "
    "volatility_percentile var_95_1d_filtered var_99_1d_filtered es_95_1d_filtered es_99_1d_filtered "
    "var_95_1d "
    "var_99_1d es_95_1d es_99_1d var_95_1d_parametric var_99_1d_parametric es_95_1d_parametric "
    "es_99_1d_parametric var_95_1d_cornish_fisher var_99_1d_cornish_fisher es_95_1d_cornish_fisher "
    "es_99_1d_cornish_fisher var_95_1d_stressed var_99_1d_stressed es_95_1d_stressed es_99_1d_stressed "
    "stressed_window_start stressed_window_end stressed_null_reason "
    "var_95_10d var_99_10d quality_flag quality_message positions_analyzed "
    "positions_total positions_skipped data_days",
    "fct_risk_contributions": "position_id as_of_date measure | portfolio_id symbol standalone marginal "
    "component share null_reason coverage",
    "fct_symbol_liquidity": "symbol as_of_date | average_volume_20d median_volume_20d "
    "average_dollar_volume_20d average_volume_63d median_volume_63d zero_volume_days_63d amihud_illiquidity "
    "shares_outstanding turnover null_reason",
    "fct_position_liquidity": "position_id as_of_date | portfolio_id symbol days_to_liquidate share_1d "
    "share_7d share_30d bucket null_reason cost cost_null_reason",
    "fct_portfolio_liquidity": "portfolio_id as_of_date | share_1d share_7d share_30d days_to_liquidate_95 "
    "days_to_liquidate_100 cost cost_pct_equity unwinding_days liquidity_adjusted_var coverage quality_flag "
    "quality_message positions_analyzed positions_total positions_skipped data_days",
    "fct_symbol_risk": "symbol as_of_date | realized_volatility_21d realized_volatility_63d "
    "forecast_volatility_21d volatility_trend volatility_percentile idiosyncratic_volatility",
    "fct_var_backtest": "portfolio_id as_of_date method pnl_basis confidence | observations breaches "
    "expected_breaches kupiec_p_value christoffersen_p_value traffic_light",
    "fct_portfolio_correlation": "portfolio_id as_of_date | mean_correlation diversification_score "
    "effective_bets cluster_count symbols_included symbols_excluded is_repaired window_days quality_flag "
    "quality_message positions_analyzed positions_total positions_skipped data_days",
    "fct_correlation_pairs": "portfolio_id as_of_date symbol_1 symbol_2 | correlation observations",
    "fct_correlation_clusters": "portfolio_id as_of_date cluster_id symbol | average_correlation gross_share",
    "fct_portfolio_stress": "portfolio_id as_of_date scenario_id | direct_pnl correlated_pnl "
    "correlation_effect direct_pct_equity correlated_pct_equity replay_pnl own_share is_believable coverage "
    "quality_flag quality_message positions_analyzed positions_total positions_skipped data_days",
    "fct_stress_factor_impacts": "portfolio_id as_of_date scenario_id factor | shock dollar_exposure "
    "direct_pnl correlated_shock correlated_pnl",
    "fct_position_stress": "position_id as_of_date scenario_id | portfolio_id symbol direct_pnl "
    "correlated_pnl",
    "fct_forecast_evaluation": "portfolio_id as_of_date forecast model | forecast_value realized_value "
    "bias_statistic qlike observations",
    "fct_target_prices": "portfolio_id symbol as_of_date | target_price_eoy target_price_next_year "
    "downside_target_price price expected_return_eoy expected_return_next_year downside_return "
    "position_weight contribution_to_portfolio_return",
    "fct_data_quality": "symbol as_of_date | first_price_date last_price_date sessions_missing_252 "
    "days_stale suspect_moves_252 providers used_by_portfolios flag",
    "fct_restatements": "publication_id as_of_date mart key column_name | old_value new_value published_at",
    "fct_restatement_summary": "publication_id mart column_name | cause rows largest_change",
    "fct_publications": "publication_id | from_date to_date published_at dbt_invocation_id git_revision "
    "tests_passed tests_warned",
    "fct_loads": "load_id | source dataset started_at finished_at status rows_read rows_new rows_rejected "
    "error",
}


@pytest.fixture(scope="module")
def manifest(demo: Warehouse) -> dict[str, Any]:
    """What the build of the demonstration, the first of its home, parsed."""
    path = demo.settings.warehouse_folder / "dbt" / "manifest.json"
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def _models(manifest: dict[str, Any], layer: str | None = None) -> list[dict[str, Any]]:
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    return [node for node in nodes if layer is None or node["fqn"][1] == layer]


def _marts(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {node["name"]: node for node in _models(manifest, "marts")}


def test_every_mart_of_the_contract_has_its_grain_and_columns(manifest: dict[str, Any]) -> None:
    marts = _marts(manifest)
    for name, promised in CONTRACT.items():
        grain, columns = (part.split() for part in promised.split("|"))
        assert sorted(marts[name]["config"]["meta"]["grain"]) == sorted(grain), name
        assert not {*grain, *columns} - marts[name]["columns"].keys(), name


def test_every_mart_column_has_a_description_and_a_unit(manifest: dict[str, Any]) -> None:
    undescribed = [
        f"{name}.{column['name']}"
        for name, node in _marts(manifest).items()
        for column in node["columns"].values()
        if len(column["description"]) < 5 or not column["config"]["meta"].get("unit")
    ]
    assert undescribed == []


def test_a_column_name_has_one_type_in_all_marts(manifest: dict[str, Any]) -> None:
    """Columns of the same name can be joined and compared; `benchmark` is a name, and a return."""
    types: dict[str, set[str]] = {}
    for node in _marts(manifest).values():
        for column in node["columns"].values():
            types.setdefault(column["name"], set()).add(column["data_type"])
    assert types.pop("benchmark") == {"text", "double precision"}
    assert {name: found for name, found in types.items() if len(found) > 1} == {}


def test_a_mart_is_one_model_and_one_yml_of_its_name(manifest: dict[str, Any]) -> None:
    """From a figure to its definition: the yml of the mart, its model, the kernel."""
    for name, node in _marts(manifest).items():
        model, described = Path(node["original_file_path"]), Path(node["patch_path"].split("://")[1])
        assert model.parent == described.parent, name
        assert model.stem == described.stem == name == node["alias"]
        assert node["config"]["materialized"] == "mart", name


def test_a_mart_names_its_columns_in_its_own_text(manifest: dict[str, Any]) -> None:
    """No column of a mart is generated by a macro, so that a text search finds it in the model."""
    for name, node in _marts(manifest).items():
        if node["language"] == "python":
            assert re.search(r"from python_models\.[\w.]+ import", node["raw_code"]), name
            continue
        hidden = {column for column in node["columns"] if not re.search(rf"\b{column}\b", node["raw_code"])}
        assert hidden == set(), name


def test_the_primary_key_of_a_mart_is_part_of_its_grain(manifest: dict[str, Any]) -> None:
    """PostgreSQL enforces the documented grain: no duplicates and no nulls."""
    for name, node in _marts(manifest).items():
        assert node["config"]["grain"], name
        assert set(node["config"]["grain"]) <= set(node["config"]["meta"]["grain"]), name


def test_sql_build_tables_have_a_unique_index(manifest: dict[str, Any]) -> None:
    for node in _models(manifest):
        if node["config"]["materialized"] == "build_table" and node["language"] == "sql":
            assert any(index.get("unique") for index in node["config"]["indexes"]), node["name"]


def test_batch_inputs_are_parents_of_their_model(manifest: dict[str, Any]) -> None:
    batched = [node for node in _models(manifest) if node["config"].get("batch_inputs")]
    assert batched
    for node in batched:
        parents = {parent.rpartition(".")[2] for parent in node["depends_on"]["nodes"]}
        assert set(node["config"]["batch_inputs"]) <= parents, node["name"]


def test_every_model_documents_its_grain(manifest: dict[str, Any]) -> None:
    undocumented = [
        node["name"] for node in _models(manifest) if not re.search(r"[Oo]ne row", node["description"])
    ]
    assert undocumented == []


def test_sources_are_read_by_staging_only(manifest: dict[str, Any]) -> None:
    """Each source is read by one staging model and by no other model; staging reads only sources.

    Except statements: what is known of positions now, and when each of them was stated.
    """
    readers: dict[str, list[str]] = {}
    for node in _models(manifest):
        for parent in node["depends_on"]["nodes"]:
            if parent.startswith("source."):
                assert node["fqn"][1] == "staging", f"{node['name']} reads a source"
                readers.setdefault(parent, []).append(node["name"])
            else:
                assert node["fqn"][1] != "staging", f"{node['name']} reads {parent}"
    assert {source: sorted(names) for source, names in readers.items() if len(names) > 1} == {
        "source.sigmasight.raw.positions": ["stg_raw__positions", "stg_raw__statements"]
    }


def test_prefixes_name_the_layer(manifest: dict[str, Any]) -> None:
    prefixes = {"staging": ("stg_",), "intermediate": ("int_",), "marts": ("dim_", "fct_")}
    wrong = [
        node["name"] for node in _models(manifest) if not node["name"].startswith(prefixes[node["fqn"][1]])
    ]
    assert wrong == []


def test_every_variable_is_used_and_has_a_comment() -> None:
    text = (project_root() / "dbt_project/dbt_project.yml").read_text()
    block = text[text.index("\nvars:") : text.index("\nmodels:")]
    settings = re.findall(r"^ +\w+: *(?!\*)(?=[^\s#])[^#\n]*(#?)", block, re.MULTILINE)
    assert settings
    assert all(settings), "a variable without a comment"
    declared = re.findall(r"^  (\w+):", block, re.MULTILINE)
    used = {
        name
        for path in Path(project_root() / "dbt_project").rglob("*")
        if path.suffix in {".sql", ".yml"} and "target" not in path.parts
        for name in re.findall(r"var\(['\"](\w+)['\"]", path.read_text())
    }
    assert used == set(declared)
