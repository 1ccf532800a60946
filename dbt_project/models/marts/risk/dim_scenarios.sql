{{ config(materialized='mart', versioned=true, grain=['scenario_id', 'factor']) }}

with scenarios as (
    select * from {{ ref('scenarios') }}
),

final as (
    select
        scenario_id,
        scenario_name,
        category,
        severity,
        historical_period,
        factor,
        shock,
        shock_basis,
        source,
        {{ period_date('first') }} as first_date,
        {{ period_date('last') }} as last_date
    from scenarios
)

select * from final
