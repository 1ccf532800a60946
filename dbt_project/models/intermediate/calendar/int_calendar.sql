{{ config(
    materialized='build_table',
    indexes=[{'columns': ['as_of_date'], 'unique': true}],
) }}

with days as (
    select * from {{ ref('stg_raw__calendar_days') }}
),

numbered as (
    select
        calendar_date,
        is_session,
        is_half_day,
        count(*) filter (where is_session) over (order by calendar_date) as session_number,
        max(calendar_date) filter (where is_session) over (order by calendar_date) as session_on_or_before,
        min(calendar_date) filter (where is_session)
            over (order by calendar_date desc) as session_on_or_after,
        max(calendar_date) filter (where is_session)
            over (order by calendar_date rows between unbounded preceding and 1 preceding) as previous_session,
        min(calendar_date) filter (where is_session)
            over (order by calendar_date desc rows between unbounded preceding and 1 preceding) as next_session
    from days
),

final as (
    select
        calendar_date as as_of_date,
        is_session as is_trading_day,
        is_half_day,
        previous_session as previous_trading_day,
        next_session as next_trading_day,
        is_session and extract(month from next_session) <> extract(month from calendar_date) as is_month_end,
        cast(session_number as integer) as session_number,
        session_on_or_before,
        session_on_or_after
    from numbered
)

select * from final
