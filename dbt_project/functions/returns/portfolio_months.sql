with months as (
    select
        cast(date_trunc('month', as_of_date) as date) as month_begins,
        min(as_of_date) as from_date,
        max(as_of_date) as to_date,
        count(*) as sessions,
        case when count(time_weighted) = count(*) then udf.product(1 + daily_return) end as growth,
        case when count(benchmark_return) = count(*) then udf.product(1 + benchmark_return) end as benchmark_growth
    from {{ udf('portfolio_series') }}(
        portfolio_months.portfolio_id, portfolio_months.from_date, portfolio_months.to_date
    )
    where session_number > 0
    group by date_trunc('month', as_of_date)
)

select
    month_begins,
    from_date,
    to_date,
    sessions,
    growth - 1 as time_weighted,
    benchmark_growth - 1 as benchmark,
    growth - benchmark_growth as excess
from months
