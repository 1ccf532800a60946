-- Beta from data vendors, over one year or more.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.beta_provider_1y,
    facts.beta_provider_null_reason,
    facts.provider_beta_coverage,
    facts.positions_with_provider_beta
from fct_portfolio_risk as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
