-- Volatilities at the last close of each month since inception.
select distinct on (portfolios.portfolio_name, date_trunc('month', facts.as_of_date))
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.realized_volatility_21d,
    facts.realized_volatility_63d,
    facts.forecast_volatility_21d,
    facts.total_volatility
from fct_portfolio_risk as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date <= %(as_of_date)s::date
order by portfolios.portfolio_name, date_trunc('month', facts.as_of_date), facts.as_of_date desc
