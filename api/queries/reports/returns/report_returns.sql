-- Returns by period to the session, beside those of the benchmark.
select
    period,
    from_date,
    sessions,
    time_weighted,
    time_weighted_annualized,
    time_weighted_null_reason,
    money_weighted_period,
    -- a rate a year says nothing of a day or a month
    case when time_weighted_annualized is not null then money_weighted end as money_weighted_annualized,
    money_weighted_null_reason,
    benchmark_symbol,
    benchmark,
    benchmark_null_reason,
    excess,
    coalesce(time_weighted_null_reason, benchmark_null_reason) as excess_null_reason,
    coverage
from fct_returns_by_period
where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
order by array_position(array['1D', '1W', 'MTD', 'QTD', 'YTD', '1Y', '3Y', 'ITD'], period)
