with levels as (
    select
        as_of_date,
        session_number,
        drawdown,
        -- not below the peak but for rounding
        drawdown > -1e-12 as is_peak
    from {{ udf('portfolio_series') }}(
        portfolio_drawdowns.portfolio_id, portfolio_drawdowns.from_date, portfolio_drawdowns.to_date
    )
    where time_weighted is not null
),

-- each session belongs to the last peak so far
numbered as (
    select
        *,
        count(*) filter (where is_peak) over (order by session_number) as peak_number
    from levels
),

falls as (
    select
        peak_number,
        min(as_of_date) as peak_date,
        min(session_number) as peak_session,
        max(session_number) as last_session,
        min(drawdown) as depth,
        count(*) as sessions
    from numbered
    group by peak_number
),

recovered as (
    select
        *,
        lead(peak_date) over (order by peak_number) as recovery_date,
        coalesce(lead(peak_session) over (order by peak_number), last_session) - peak_session as sessions_under
    from falls
)

select
    recovered.peak_date,
    min(numbered.as_of_date) as trough_date,
    recovered.recovery_date,
    recovered.depth,
    recovered.sessions_under as sessions
from recovered
inner join numbered
    on recovered.peak_number = numbered.peak_number and recovered.depth = numbered.drawdown
where recovered.sessions > 1
group by
    recovered.peak_number, recovered.peak_date, recovered.recovery_date, recovered.depth, recovered.sessions_under
