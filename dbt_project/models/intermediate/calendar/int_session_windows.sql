-- The sessions that the engines read: those being built and the longest window before them.
with sessions as (
    select * from {{ ref('int_calendar') }}
    where is_trading_day and as_of_date <= {{ to_date() }}
),

factors as (
    select * from {{ ref('factors') }}
),

engine_start as (
    select * from {{ ref('int_engine_start') }}
),

first_built as (
    select min(sessions.session_number) as session_number
    from sessions
    inner join engine_start on sessions.as_of_date >= engine_start.as_of_date
),

longest_window as (
    select greatest(max(window_days), {{ history_sessions() }}) as session_count
    from factors
),

final as (
    select
        sessions.as_of_date,
        sessions.session_number,
        sessions.previous_trading_day
    from sessions
    cross join first_built
    cross join longest_window
    where sessions.session_number > first_built.session_number - longest_window.session_count
)

select * from final
