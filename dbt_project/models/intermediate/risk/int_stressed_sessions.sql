{{ config(materialized='build_table', indexes=[{'columns': ['as_of_date'], 'unique': true}]) }}

-- The sessions of the stressed window and those before it from which residuals are drawn; none if it is not covered.
with sessions as (
    select * from {{ ref('int_calendar') }}
    where is_trading_day
),

stressed_window as (
    select * from {{ ref('int_stressed_window') }}
    where is_covered
),

factors as (
    select * from {{ ref('factors') }}
    where model = 'risk'
),

longest as (
    select max(window_days) as session_count from factors
),

final as (
    select
        sessions.as_of_date,
        sessions.session_number,
        sessions.previous_trading_day
    from sessions
    cross join stressed_window
    cross join longest
    where
        sessions.session_number <= stressed_window.last_session_number
        and sessions.session_number
        > stressed_window.last_session_number - greatest(longest.session_count, stressed_window.session_count)
)

select * from final
