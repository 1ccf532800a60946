{{ config(materialized='ephemeral') }}

-- Dollar exposure by provider betas: the sum of delta-adjusted exposure times beta, as for the computed betas.
with holdings as not materialized (
    select * from {{ ref('int_portfolio_holdings') }}
    where not is_cash and known_positions > 0
),

symbol_risk as not materialized (
    select * from ({{ market_rows(ref('fct_symbol_risk')) }}) as visible
    where provider_beta is not null
),

final as (
    select
        holdings.portfolio_id,
        holdings.as_of_date,
        {{ exact_sum('holdings.exposure * symbol_risk.provider_beta') }} as dollar_exposure,
        sum(holdings.known_positions) as positions_with_beta
    from holdings
    inner join symbol_risk
        on holdings.symbol = symbol_risk.symbol and holdings.as_of_date = symbol_risk.as_of_date
    group by holdings.portfolio_id, holdings.as_of_date
)

select * from final
