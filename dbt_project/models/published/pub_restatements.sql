{{ config(
    indexes=[
        {'columns': ['publication_id', 'as_of_date']},
        {'columns': ['portfolio_id', 'as_of_date']},
    ],
) }}

{{ restated_columns(ref('pub_prices'), 'fct_prices', ['symbol']) }}
union all
{{ restated_columns(ref('pub_position_values'), 'fct_position_values', ['position_id']) }}
union all
{{ restated_columns(ref('pub_portfolio_snapshots'), 'fct_portfolio_snapshots', ['portfolio_id']) }}
union all
{{ restated_columns(ref('pub_portfolio_exposures'), 'fct_portfolio_exposures', ['portfolio_id']) }}
union all
{{ restated_columns(
    ref('pub_exposures_by_group'), 'fct_exposures_by_group', ['portfolio_id', 'dimension', 'bucket']
) }}
union all
{{ restated_columns(ref('pub_symbol_factor_betas'), 'fct_symbol_factor_betas', ['symbol', 'model', 'factor']) }}
union all
{{ restated_columns(
    ref('pub_portfolio_factor_exposures'), 'fct_portfolio_factor_exposures', ['portfolio_id', 'model', 'factor']
) }}
union all
-- how many hold a symbol is no figure of it, and its changes would tell everybody of a stranger's trades
{{ restated_columns(ref('pub_data_quality'), 'fct_data_quality', ['symbol'], without=['used_by_portfolios']) }}
union all
{{ restated_columns(ref('pub_position_greeks'), 'fct_position_greeks', ['position_id']) }}
union all
{{ restated_columns(ref('pub_portfolio_greeks'), 'fct_portfolio_greeks', ['portfolio_id']) }}
union all
{{ restated_columns(
    ref('pub_factor_correlations'), 'fct_factor_correlations', ['model', 'factor_1', 'factor_2']
) }}
union all
{{ restated_columns(ref('pub_portfolio_risk'), 'fct_portfolio_risk', ['portfolio_id']) }}
union all
{{ restated_columns(ref('pub_symbol_risk'), 'fct_symbol_risk', ['symbol']) }}
union all
{{ restated_columns(ref('pub_var_backtest'), 'fct_var_backtest', ['portfolio_id', 'confidence']) }}
union all
{{ restated_columns(ref('pub_forecast_evaluation'), 'fct_forecast_evaluation', ['portfolio_id', 'forecast']) }}
union all
{{ restated_columns(ref('pub_portfolio_correlation'), 'fct_portfolio_correlation', ['portfolio_id']) }}
union all
{{ restated_columns(ref('pub_symbol_correlations'), 'fct_correlation_pairs', ['symbol_1', 'symbol_2']) }}
union all
{{ restated_columns(ref('pub_correlation_members'), 'fct_correlation_clusters', ['portfolio_id', 'symbol']) }}
union all
{{ restated_columns(ref('pub_portfolio_stress'), 'fct_portfolio_stress', ['portfolio_id', 'scenario_id']) }}
union all
{{ restated_columns(ref('pub_target_prices'), 'fct_target_prices', ['portfolio_id', 'symbol']) }}
