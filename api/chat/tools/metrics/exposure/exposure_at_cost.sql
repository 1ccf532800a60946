-- The exposures at cost.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.long_exposure_at_cost,
    facts.short_exposure_at_cost,
    facts.gross_exposure_at_cost,
    facts.net_exposure_at_cost
from fct_portfolio_exposures as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
