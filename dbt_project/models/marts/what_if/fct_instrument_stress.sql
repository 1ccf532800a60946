{{ config(materialized='mart', derived=true, grain=['portfolio_id', 'as_of_date', 'instrument_id', 'scenario_id']) }}

-- P&L of one unit of each instrument that a portfolio holds under each scenario, on every session.
with position_values as (
    select * from {{ ref('int_position_values') }}
    where is_open and instrument_id is not null
),

held as (
    select
        publication_id,
        portfolio_id,
        as_of_date,
        instrument_id
    from position_values
    group by publication_id, portfolio_id, as_of_date, instrument_id
),

security_stress as (
    select * from {{ ref('int_security_stress') }}
),

final as (
    select
        held.publication_id,
        held.portfolio_id,
        held.as_of_date,
        held.instrument_id,
        security_stress.scenario_id,
        security_stress.direct_pnl,
        security_stress.correlated_pnl,
        security_stress.replay_pnl,
        security_stress.has_own_return
    from held
    inner join security_stress
        on
            held.as_of_date = security_stress.as_of_date
            and held.publication_id = security_stress.publication_id
            and held.instrument_id = security_stress.instrument_id
)

select * from final
