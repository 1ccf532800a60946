{{ config(materialized='mart', derived=true, grain=['symbol', 'as_of_date', 'scenario_id']) }}

-- P&L of one dollar of each symbol under each scenario, whether it is held or not. Options are no symbols.
with symbols as (
    select * from {{ ref('int_instrument_outcomes') }}
    where instrument_id = symbol
),

security_stress as (
    select * from {{ ref('int_security_stress') }}
),

final as (
    select
        symbols.publication_id,
        symbols.symbol,
        symbols.as_of_date,
        security_stress.scenario_id,
        security_stress.direct_pnl,
        security_stress.correlated_pnl,
        security_stress.replay_pnl,
        security_stress.has_own_return
    from symbols
    inner join security_stress
        on
            symbols.instrument_id = security_stress.instrument_id
            and symbols.as_of_date = security_stress.as_of_date
            and symbols.publication_id = security_stress.publication_id
)

select * from final
