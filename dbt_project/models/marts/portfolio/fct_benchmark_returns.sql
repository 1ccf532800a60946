{{ config(
    materialized='mart',
    grain=['portfolio_id', 'as_of_date'],
    not_restated=['benchmark_index', 'return_count'],
) }}

-- The return of the benchmark in force on each session, and the index that chains the known ones since the portfolio's
-- start, rolled forward like the portfolio's own.
with days as (
    select * from {{ ref('int_portfolio_days') }}
),

portfolios as (
    select * from {{ ref('stg_raw__portfolios') }}
),

periods as (
    select * from {{ ref('int_benchmark_periods') }}
),

prices as (
    {{ market_rows(ref('fct_prices'), since=first_date()) }}
),

day_before as (
    {{ session_before_window({
        'portfolio_id': 'uuid',
        'as_of_date': 'date',
        'benchmark_index': 'double precision',
        'return_count': 'integer',
    }) }}
),

returned as (
    select
        days.portfolio_id,
        days.as_of_date,
        periods.symbol,
        -- an opening balance performs from the close of its session on, and so does what it is compared with
        case
            when days.as_of_date = days.first_session and days.as_of_date = portfolios.opening_date then 0
            else prices.daily_return
        end as daily_return
    from days
    inner join portfolios on days.portfolio_id = portfolios.portfolio_id
    inner join periods
        on
            days.portfolio_id = periods.portfolio_id
            and days.as_of_date >= periods.valid_from
            and days.as_of_date < periods.valid_before
    left join prices on periods.symbol = prices.symbol and days.as_of_date = prices.as_of_date
),

chained as (
    select
        returned.*,
        -- part of the first day's factor, so that every build rounds in the same order
        case when row_number() over running = 1 then coalesce(day_before.benchmark_index, 1) else 1 end
            as index_before,
        coalesce(day_before.return_count, 0) + count(returned.daily_return) over running as return_count
    from returned
    left join day_before on returned.portfolio_id = day_before.portfolio_id
    window running as (partition by returned.portfolio_id order by returned.as_of_date)
),

final as (
    select
        portfolio_id,
        as_of_date,
        symbol,
        daily_return,
        case when daily_return is null then 'no_consecutive_prices' end as null_reason,
        udf.product(index_before * (1 + coalesce(daily_return, 0))) over running as benchmark_index,
        cast(return_count as integer) as return_count
    from chained
    window running as (partition by portfolio_id order by as_of_date)
)

select * from final
