{{ config(materialized='mart', versioned=true, grain=['benchmark', 'effective_date', 'sector']) }}

with weights as (
    select * from {{ ref('benchmark_sector_weights') }}
),

final as (
    select
        benchmark,
        effective_date,
        sector,
        gics_sector,
        weight,
        source
    from weights
)

select * from final
