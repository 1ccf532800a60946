-- Completeness of the price history of the symbols held, options by their underlying.
-- with held
select
    portfolios.portfolio_name,
    held.as_of_date,
    held.symbol,
    facts.flag,
    facts.first_price_date,
    facts.last_price_date,
    facts.sessions_missing_252,
    facts.days_stale,
    facts.suspect_moves_252,
    facts.providers
from held
inner join dim_portfolios as portfolios on held.portfolio_id = portfolios.portfolio_id
inner join fct_data_quality as facts on held.symbol = facts.symbol
where
    facts.symbol = any(array(select symbol from held))
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name, facts.flag, held.symbol
