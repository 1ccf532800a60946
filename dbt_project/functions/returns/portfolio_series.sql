-- The first row stands for the close before the range: what the range begins with.
-- Each mart is read once, before the join: its row filter stands between the planner and the keys.
with snapshots as materialized (
    select
        as_of_date,
        equity,
        capital_flow,
        daily_pnl,
        daily_return,
        twr_index
    from {{ mart('fct_portfolio_snapshots') }}
    where
        portfolio_id = portfolio_series.portfolio_id
        and as_of_date between
        coalesce(portfolio_series.from_date, date '-infinity') and coalesce(portfolio_series.to_date, date 'infinity')
),

benchmarks as materialized (
    select
        as_of_date,
        symbol,
        daily_return
    from {{ mart('fct_benchmark_returns') }}
    where
        portfolio_id = portfolio_series.portfolio_id
        and as_of_date between
        coalesce(portfolio_series.from_date, date '-infinity') and coalesce(portfolio_series.to_date, date 'infinity')
),

days as (
    select
        snapshots.*,
        benchmarks.symbol as benchmark_symbol,
        benchmarks.daily_return as benchmark_return,
        row_number() over (order by snapshots.as_of_date) as session_number
    from snapshots
    left join benchmarks on snapshots.as_of_date = benchmarks.as_of_date
),

chained as (
    select
        session_number,
        as_of_date,
        equity,
        capital_flow,
        daily_return,
        case when twr_index is not null then udf.product(1 + daily_return) over so_far end as growth,
        benchmark_symbol,
        benchmark_return,
        case
            when count(benchmark_return) over so_far = session_number
                then udf.product(1 + benchmark_return) over so_far
        end as benchmark_growth,
        count(benchmark_return) over so_far as known_returns
    from days
    window so_far as (order by as_of_date)
    union all
    select
        0 as session_number,
        -- as a subquery, because a join would read every date
        (
            select dates.previous_trading_day from {{ mart('dim_dates') }} as dates
            where dates.as_of_date = days.as_of_date
        ) as as_of_date,
        days.equity - days.daily_pnl - days.capital_flow as equity,
        0 as capital_flow,
        null as daily_return,
        1 as growth,
        days.benchmark_symbol,
        null as benchmark_return,
        1 as benchmark_growth,
        0 as known_returns
    from days
    where days.session_number = 1
)

select
    as_of_date,
    session_number,
    equity,
    capital_flow,
    daily_return,
    growth - 1 as time_weighted,
    growth / max(growth) over (order by session_number) - 1 as drawdown,
    benchmark_symbol,
    benchmark_return,
    benchmark_growth - 1 as benchmark,
    known_returns
from chained
