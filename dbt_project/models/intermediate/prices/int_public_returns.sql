-- P&L of the public and option positions of each portfolio on each session, as earned and of the positions of the
-- previous close, and the return of the latter: the outcomes of one-day forecasts, from the longest window before the
-- dates being built on.
with sessions as (
    select * from {{ ref('int_session_windows') }}
),

snapshots as (
    {{ portfolio_rows(ref('fct_portfolio_snapshots'), since='(select min(sessions.as_of_date) from sessions)') }}
),

final as (
    select
        snapshots.portfolio_id,
        snapshots.as_of_date,
        sessions.session_number,
        cast(snapshots.public_daily_pnl as double precision) as actual_pnl,
        cast(snapshots.hypothetical_pnl as double precision) as hypothetical_pnl,
        case
            when previous.equity > 0 then cast(snapshots.hypothetical_pnl / previous.equity as double precision)
        end as hypothetical_return
    from snapshots
    inner join sessions on snapshots.as_of_date = sessions.as_of_date
    -- without the capital flow of the day: forecasts are of the equity of the close before
    cross join lateral (select snapshots.equity - snapshots.daily_pnl - snapshots.capital_flow as equity) as previous
)

select * from final
