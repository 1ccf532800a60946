-- The exposures with options at their delta; null with a reason if an option has no delta.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.long_exposure_delta_adjusted,
    facts.short_exposure_delta_adjusted,
    facts.gross_exposure_delta_adjusted,
    facts.net_exposure_delta_adjusted,
    facts.delta_adjusted_null_reason
from fct_portfolio_exposures as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
