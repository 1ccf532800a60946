{{ config(
    materialized='build_table',
    indexes=[{'columns': ['portfolio_id', 'as_of_date', 'model', 'factor'], 'unique': true}],
) }}

-- Dollar exposures (holdings times betas) for the factors to which any holding of the portfolio has a beta.
with holdings as not materialized (
    select * from {{ ref('int_portfolio_holdings') }}
    where not is_cash
),

betas as not materialized (
    select * from ({{ market_rows(ref('fct_symbol_factor_betas')) }}) as visible
),

final as (
    select
        holdings.portfolio_id,
        holdings.as_of_date,
        betas.model,
        betas.factor,
        {{ exact_sum('holdings.exposure * betas.beta') }} as dollar_exposure,
        -- the errors of symbols are taken as independent
        sqrt({{ exact_sum('power(holdings.exposure * betas.std_error, 2)') }}) as dollar_error,
        {{ exact_sum('holdings.known_market_value') }} as covered_market_value,
        sum(holdings.known_positions) as positions_analyzed,
        min(betas.observations) as data_days,
        bool_or(betas.quality_flag = 'limited_history') as has_limited_history
    from holdings
    inner join betas on holdings.symbol = betas.symbol and holdings.as_of_date = betas.as_of_date
    where holdings.known_positions > 0
    group by holdings.portfolio_id, holdings.as_of_date, betas.model, betas.factor
)

select * from final
