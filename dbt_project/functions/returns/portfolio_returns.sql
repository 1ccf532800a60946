with series as (
    select * from {{ udf('portfolio_series') }}(
        portfolio_returns.portfolio_id, portfolio_returns.from_date, portfolio_returns.to_date
    )
),

-- A flow is part of the capital of its day: it counts from the close before.
linked as (
    select
        *,
        lag(as_of_date) over (order by session_number) as invested_on,
        max(as_of_date) over () as last_date,
        min(as_of_date) over () as base_date
    from series
),

ends as (
    select
        min(as_of_date) filter (where session_number = 1) as from_date,
        max(last_date) as to_date,
        max(base_date) as base_date,
        max(session_number) as sessions,
        cast(max(equity) filter (where session_number = 0) as double precision) as base_equity,
        cast(max(equity) filter (where as_of_date = last_date) as double precision) as equity,
        max(time_weighted) filter (where as_of_date = last_date) as time_weighted,
        max(benchmark) filter (where as_of_date = last_date) as benchmark,
        max(benchmark_symbol) filter (where as_of_date = last_date) as benchmark_symbol,
        max(known_returns) as known_returns,
        array_agg(cast(capital_flow as double precision) order by session_number) filter (where capital_flow <> 0)
            as flows,
        array_agg(cast(last_date - invested_on as double precision) / (last_date - base_date) order by session_number)
            filter (where capital_flow <> 0) as remaining
    from linked
),

solved as (
    select
        *,
        udf.money_weighted_growth(base_equity, equity, flows, remaining) as growth,
        cast(365.0 / (to_date - base_date) as double precision) as periods_a_year
    from ends
    where sessions > 0
)

select
    from_date,
    to_date,
    base_date,
    sessions,
    time_weighted,
    case when periods_a_year <= 1 then power(1 + time_weighted, periods_a_year) - 1 end as time_weighted_annualized,
    case when time_weighted is null then 'return_chain_broken' end as time_weighted_null_reason,
    case when abs(ln(growth)) * periods_a_year < 700 then power(growth, periods_a_year) - 1 end as money_weighted,
    growth - 1 as money_weighted_period,
    case
        when base_equity <= 0 or equity <= 0 then 'equity_not_positive'
        when growth is null then 'no_unique_rate'
        when abs(ln(growth)) * periods_a_year >= 700 then 'annual_rate_out_of_range'
    end as money_weighted_null_reason,
    benchmark_symbol,
    benchmark,
    case when periods_a_year <= 1 then power(1 + benchmark, periods_a_year) - 1 end as benchmark_annualized,
    case when benchmark is null then 'benchmark_returns_missing' end as benchmark_null_reason,
    time_weighted - benchmark as excess,
    cast(known_returns as double precision) / sessions as coverage
from solved
