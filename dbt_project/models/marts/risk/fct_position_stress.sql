{{ config(materialized='mart', derived=true, newest_only=true, grain=['position_id', 'as_of_date', 'scenario_id']) }}

-- Product of two published facts: the units of a position and the P&L per unit.
with position_values as (
    select
        *,
        {{ stress_units() }} as units
    from {{ ref('int_position_values') }}
    where is_open
),

security_stress as (
    select * from {{ ref('int_security_stress') }}
),

final as (
    select
        position_values.publication_id,
        position_values.position_id,
        position_values.as_of_date,
        position_values.portfolio_id,
        position_values.symbol,
        security_stress.scenario_id,
        -- adding 0 turns -0 into 0
        0 + position_values.units * security_stress.direct_pnl as direct_pnl,
        0 + position_values.units * security_stress.correlated_pnl as correlated_pnl,
        0 + position_values.units * security_stress.replay_pnl as replay_pnl,
        security_stress.has_own_return
    from position_values
    inner join security_stress
        on
            position_values.as_of_date = security_stress.as_of_date
            and position_values.publication_id = security_stress.publication_id
            and position_values.instrument_id = security_stress.instrument_id
)

select * from final
