{{ config(materialized='mart', versioned=true, grain=['as_of_date']) }}

with calendar as (
    select * from {{ ref('int_calendar') }}
),

final as (
    select
        as_of_date,
        is_trading_day,
        is_half_day,
        previous_trading_day,
        next_trading_day,
        is_month_end,
        session_number,
        session_on_or_before,
        session_on_or_after
    from calendar
)

select * from final
