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
        shock
    from scenarios
)

select * from final
