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
{{ restated_columns(ref('pub_data_quality'), 'fct_data_quality', ['symbol']) }}
