-- Ten-day value at risk: the one-day figure times the square root of ten.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.var_95_10d,
    facts.var_99_10d,
    facts.var_95_10d_pct_equity,
    facts.var_99_10d_pct_equity,
    facts.quality_flag,
    facts.coverage_of_equity,
    facts.quality_message
from fct_portfolio_risk as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
