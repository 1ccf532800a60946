-- Exposures and leverage at the last close of each month since inception.
select distinct on (portfolios.portfolio_name, date_trunc('month', facts.as_of_date))
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.long_exposure,
    facts.short_exposure,
    facts.gross_exposure,
    facts.net_exposure,
    facts.leverage,
    facts.net_to_equity
from fct_portfolio_exposures as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date <= %(as_of_date)s::date
order by portfolios.portfolio_name, date_trunc('month', facts.as_of_date), facts.as_of_date desc
