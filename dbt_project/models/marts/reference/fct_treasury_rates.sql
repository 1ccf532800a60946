{{ config(materialized='mart', versioned=true, grain=['series', 'rate_date']) }}

-- Treasury yields up to the last date built.
with rates as (
    select * from {{ ref('stg_raw__treasury_rates') }}
),

final as (
    select
        series,
        rate_date,
        source,
        rate,
        tenor_years
    from rates
    where rate_date <= {{ to_date() }}
)

select * from final
