{{ config(materialized='mart', versioned=true, grain=['model', 'factor']) }}

with factors as (
    select * from {{ ref('factors') }}
),

final as (
    select
        model,
        factor,
        proxy_symbol,
        long_symbol,
        short_symbol,
        window_days,
        min_observations,
        full_history_observations,
        unit
    from factors
)

select * from final
