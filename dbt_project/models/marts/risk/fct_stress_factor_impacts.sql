{{ config(materialized='mart', derived=true, grain=['portfolio_id', 'as_of_date', 'scenario_id', 'factor']) }}

-- Product of two published facts: a portfolio's exposure to a factor and a scenario's shock to it.
with exposures as (
    select * from {{ ref('fct_portfolio_factor_exposures') }}
    where model = 'risk'
),

shocks as (
    select * from {{ ref('int_scenario_shocks') }}
),

final as (
    select
        exposures.publication_id,
        exposures.portfolio_id,
        exposures.as_of_date,
        shocks.scenario_id,
        shocks.factor,
        shocks.shock,
        exposures.dollar_exposure,
        -- adding 0 turns -0 into 0
        0 + exposures.dollar_exposure * coalesce(shocks.shock, 0) as direct_pnl,
        shocks.correlated_shock,
        0 + exposures.dollar_exposure * shocks.correlated_shock as correlated_pnl
    from exposures
    inner join shocks
        on
            exposures.as_of_date = shocks.as_of_date
            and exposures.publication_id = shocks.publication_id
            and exposures.factor = shocks.factor
)

select * from final
