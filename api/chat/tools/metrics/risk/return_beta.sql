-- Beta of the portfolio's own past returns to the market, whatever was held then.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.return_beta,
    facts.return_beta_r_squared,
    facts.return_beta_observations,
    facts.return_beta_null_reason
from fct_portfolio_risk as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
