{{ config(materialized='mart', derived=true, grain=['portfolio_id', 'as_of_date', 'scenario_id', 'factor']) }}

-- What each factor contributes to a portfolio's linear P&L, with the scenario's shock to it and the exposure.
with stress as (
    select * from {{ ref('fct_portfolio_stress') }}
),

shocks as (
    select * from {{ ref('int_scenario_shocks') }}
),

exposures as (
    select * from {{ ref('fct_portfolio_factor_exposures') }}
    where model = 'risk'
),

contributions as (
    select * from {{ ref('int_portfolio_factor_stress') }}
),

final as (
    select
        stress.publication_id,
        stress.portfolio_id,
        stress.as_of_date,
        stress.scenario_id,
        shocks.factor,
        shocks.shock,
        exposures.dollar_exposure,
        contributions.direct_pnl[shocks.factor_number] as direct_pnl,
        shocks.correlated_shock,
        contributions.correlated_pnl[shocks.factor_number] as correlated_pnl
    from stress
    inner join shocks
        on
            stress.as_of_date = shocks.as_of_date
            and stress.publication_id = shocks.publication_id
            and stress.scenario_id = shocks.scenario_id
    left join exposures
        on
            stress.portfolio_id = exposures.portfolio_id
            and stress.as_of_date = exposures.as_of_date
            and stress.publication_id = exposures.publication_id
            and shocks.factor = exposures.factor
    left join contributions
        on
            stress.portfolio_id = contributions.portfolio_id
            and stress.as_of_date = contributions.as_of_date
            and stress.publication_id = contributions.publication_id
            and stress.scenario_id = contributions.scenario_id
)

select * from final
