-- Returns of sub-periods chain: a return to date is yesterday's, where it began on the same session, chained with the
-- return of the day; and without capital flows the money-weighted return is the time-weighted one. The daily returns
-- are those of the snapshots and of the benchmark, of which the mart under test keeps only the ends of its periods.
{%- set windows = ref('int_portfolio_windows') %}
{%- set since = "coalesce((select min(windows.session_before) from " ~ windows ~ " as windows), date '-infinity')" %}
with returns as (
    {{ tested_rows(ref('fct_returns_by_period'), before=true, since=since) }}
),

linked as materialized (
    select
        portfolio_id,
        as_of_date,
        period,
        sessions,
        time_weighted,
        money_weighted_period,
        benchmark,
        lag(as_of_date) over so_far as day_before,
        lag(sessions) over so_far as sessions_before,
        lag(time_weighted) over so_far as time_weighted_before,
        lag(benchmark) over so_far as benchmark_before
    from returns
    window so_far as (partition by portfolio_id, period, from_date order by as_of_date)
),

daily as materialized (
    select
        snapshots.portfolio_id,
        snapshots.as_of_date,
        snapshots.daily_return,
        snapshots.twr_index,
        benchmarks.daily_return as benchmark_return
    from ({{ tested_rows(ref('fct_portfolio_snapshots')) }}) as snapshots
    inner join ({{ tested_rows(ref('fct_benchmark_returns')) }}) as benchmarks
        on snapshots.portfolio_id = benchmarks.portfolio_id and snapshots.as_of_date = benchmarks.as_of_date
),

sessions as (
    select * from {{ ref('int_calendar') }}
    where is_trading_day
),

with_flows as materialized (
    select distinct portfolio_id from {{ ref('int_capital_flows') }}
    where capital_flow <> 0
)

select
    linked.portfolio_id,
    linked.as_of_date,
    linked.period
from daily
inner join linked on daily.portfolio_id = linked.portfolio_id and daily.as_of_date = linked.as_of_date
inner join sessions on daily.as_of_date = sessions.as_of_date
left join with_flows on daily.portfolio_id = with_flows.portfolio_id
where
    (linked.period = '1D' and abs(linked.time_weighted - daily.daily_return) > 1e-9 * (1 + abs(daily.daily_return)))
    or (
        linked.period = '1D'
        and abs(linked.benchmark - daily.benchmark_return) > 1e-9 * (1 + abs(daily.benchmark_return))
    )
    or (linked.period = 'ITD' and abs(1 + linked.time_weighted - daily.twr_index) > 1e-9 * (1 + abs(daily.twr_index)))
    or (
        with_flows.portfolio_id is null
        and abs(linked.money_weighted_period - linked.time_weighted) > 1e-8 * (1 + abs(linked.time_weighted))
    )
    or (
        linked.day_before = sessions.previous_trading_day
        and (
            linked.sessions <> linked.sessions_before + 1
            or abs(1 + linked.time_weighted - (1 + linked.time_weighted_before) * (1 + daily.daily_return))
            > 1e-9 * (1 + abs(linked.time_weighted) + abs(linked.time_weighted_before))
            or abs(1 + linked.benchmark - (1 + linked.benchmark_before) * (1 + daily.benchmark_return))
            > 1e-9 * (1 + abs(linked.benchmark) + abs(linked.benchmark_before))
        )
    )
