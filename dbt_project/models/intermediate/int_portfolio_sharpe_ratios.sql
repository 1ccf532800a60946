{{ config(materialized='ephemeral') }}

-- Time-weighted daily returns in excess of a day of the 3-month Treasury yield, over the window that ends on each
-- date. In decimals: the same in whatever order the days come, and cheap as the window moves on.
with sessions as (
    select * from {{ ref('int_session_windows') }}
),

snapshots as (
    {{ portfolio_rows(ref('fct_portfolio_snapshots'), since='(select min(sessions.as_of_date) from sessions)') }}
),

windows as (
    select * from {{ ref('int_portfolio_windows') }}
),

rates as (
    select * from {{ ref('stg_raw__treasury_rates') }}
    where series = 'DGS3MO'
),

-- the newest rate of the last days: the bond market has holidays of its own
daily_rates as (
    select distinct on (sessions.as_of_date)
        sessions.as_of_date,
        sessions.session_number,
        rates.rate / 252 as daily_rate
    from sessions
    inner join rates
        on
            sessions.as_of_date >= rates.rate_date
            and rates.rate_date >= sessions.as_of_date - {{ var('stale_curve_days') }}
    order by sessions.as_of_date asc, rates.rate_date desc
),

excess_returns as (
    select
        snapshots.portfolio_id,
        daily_rates.as_of_date,
        daily_rates.session_number,
        cast(snapshots.daily_return - daily_rates.daily_rate as numeric(38, 12)) as excess_return
    from snapshots
    inner join daily_rates on snapshots.as_of_date = daily_rates.as_of_date
),

windowed as (
    select
        portfolio_id,
        as_of_date,
        count(excess_return) over recent as observations,
        avg(excess_return) over recent as mean_excess_return,
        stddev_samp(excess_return) over recent as deviation
    from excess_returns
    window recent as (
        partition by portfolio_id order by session_number
        range between {{ var('sharpe_window') - 1 }} preceding and current row
    )
),

final as (
    select
        windowed.portfolio_id,
        windowed.as_of_date,
        windowed.observations,
        case
            when windowed.observations >= {{ var('sharpe_minimum') }} and windowed.deviation > 0
                then cast(windowed.mean_excess_return / windowed.deviation * sqrt(252) as double precision)
        end as sharpe_ratio
    from windowed
    inner join windows
        on windowed.portfolio_id = windows.portfolio_id and windowed.as_of_date >= windows.from_date
)

select * from final
