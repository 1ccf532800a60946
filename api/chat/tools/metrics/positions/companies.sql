-- Name, sector and size of the symbols held, options by their underlying; from the newest profile.
-- with held
select
    portfolios.portfolio_name,
    held.as_of_date,
    held.symbol,
    facts.name,
    facts.security_type,
    facts.sector,
    facts.industry,
    facts.country,
    facts.market_cap,
    facts.dividend_yield
from held
inner join dim_portfolios as portfolios on held.portfolio_id = portfolios.portfolio_id
inner join dim_symbols as facts on held.symbol = facts.symbol
where facts.symbol = any(array(select symbol from held))
order by portfolios.portfolio_name, held.symbol
