-- Returns by period against the benchmark: time-weighted, and money-weighted over the period (equal without capital
-- flows); null with a reason.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.period,
    facts.from_date,
    facts.time_weighted,
    facts.time_weighted_null_reason,
    facts.money_weighted_period,
    facts.money_weighted_null_reason,
    facts.benchmark_symbol,
    facts.benchmark,
    facts.benchmark_null_reason,
    facts.excess
from fct_returns_by_period as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by
    portfolios.portfolio_name,
    array_position(array['1D', '1W', 'MTD', 'QTD', 'YTD', '1Y', '3Y', 'ITD'], facts.period)
