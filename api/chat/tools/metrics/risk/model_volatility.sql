-- Volatility by the factor model: systematic, idiosyncratic and total.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.systematic_volatility,
    facts.idiosyncratic_volatility,
    facts.total_volatility,
    facts.systematic_share,
    facts.quality_flag,
    facts.coverage_of_equity,
    facts.quality_message
from fct_portfolio_risk as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
