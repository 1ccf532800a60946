-- The range that is attributed, for each portfolio: the year to date.
with attributed as (
    select
        portfolios.portfolio_id,
        portfolios.portfolio_name,
        periods.as_of_date,
        periods.from_date,
        periods.time_weighted,
        periods.benchmark_symbol,
        periods.excess,
        periods.time_weighted_null_reason
    from fct_returns_by_period as periods
    inner join dim_portfolios as portfolios on periods.portfolio_id = portfolios.portfolio_id
    where
        periods.portfolio_id = any(%(portfolio_ids)s::uuid[])
        and periods.as_of_date = %(as_of_date)s::date
        and periods.period = 'YTD'
)

select *
from attributed
