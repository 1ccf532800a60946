-- Returns of sub-periods chain: a return to date is yesterday's, where it began on the same session, chained with the
-- return of the day; and without a capital flow the money-weighted return is the time-weighted one. The daily returns
-- and the flows are those of the snapshots and of the benchmark, of which the marts under test keep only the ends.
{%- set windows = ref('int_portfolio_windows') %}
{%- set since = "coalesce((select min(windows.session_before) from " ~ windows ~ " as windows), date '-infinity')" %}
with returns as materialized (
    {{ tested_rows(ref('fct_returns_by_period'), before=true, since=since) }}
),

sessions as (
    select * from {{ ref('int_calendar') }}
    where is_trading_day
),

daily as (
    select
        snapshots.portfolio_id,
        snapshots.as_of_date,
        snapshots.daily_return,
        snapshots.twr_index,
        benchmarks.daily_return as benchmark_return,
        sessions.previous_trading_day
    from ({{ tested_rows(ref('fct_portfolio_snapshots')) }}) as snapshots
    inner join ({{ tested_rows(ref('fct_benchmark_returns')) }}) as benchmarks
        on snapshots.portfolio_id = benchmarks.portfolio_id and snapshots.as_of_date = benchmarks.as_of_date
    inner join sessions on snapshots.as_of_date = sessions.as_of_date
),

flows as (
    select * from {{ ref('int_capital_flows') }}
    where capital_flow <> 0
)

select
    today.portfolio_id,
    today.as_of_date,
    today.period
from daily
inner join returns as today
    on daily.portfolio_id = today.portfolio_id and daily.as_of_date = today.as_of_date
left join returns as yesterday
    on
        daily.portfolio_id = yesterday.portfolio_id
        and daily.previous_trading_day = yesterday.as_of_date
        and today.period = yesterday.period
        and today.from_date = yesterday.from_date
where
    abs((1 + today.time_weighted) - (1 + yesterday.time_weighted) * (1 + daily.daily_return)) > 1e-9
    or abs((1 + today.benchmark) - (1 + yesterday.benchmark) * (1 + daily.benchmark_return)) > 1e-9
    or (today.sessions <> yesterday.sessions + 1)
    or (today.period = '1D' and abs(today.time_weighted - daily.daily_return) > 1e-9)
    or (today.period = '1D' and abs(today.benchmark - daily.benchmark_return) > 1e-9)
    or (today.period = 'ITD' and abs(1 + today.time_weighted - daily.twr_index) > 1e-9)
    or (
        abs(today.money_weighted_period - today.time_weighted) > 1e-8
        and not exists (
            select from flows
            where
                flows.portfolio_id = today.portfolio_id
                and flows.as_of_date between today.from_date and today.as_of_date
        )
    )
