-- Sharpe ratio over the last year, annualized.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.sharpe_ratio,
    facts.sharpe_null_reason,
    facts.sharpe_observations
from fct_portfolio_risk as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
