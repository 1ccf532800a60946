-- What the public and option part of each portfolio earned on each session, and the session it is held against: the
-- outcomes that forecasts are graded on, as far back as the dates being built look.
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
        cast(snapshots.public_daily_pnl as double precision) as pnl,
        case
            when snapshots.equity - snapshots.daily_pnl > 0
                then cast(snapshots.public_daily_pnl / (snapshots.equity - snapshots.daily_pnl) as double precision)
        end as daily_return
    from snapshots
    inner join sessions on snapshots.as_of_date = sessions.as_of_date
)

select * from final
