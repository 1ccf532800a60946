-- Equity of each portfolio and what it consists of, at the close.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.equity,
    facts.cash,
    facts.cash_and_equivalents,
    facts.net_market_value,
    facts.capital_flow,
    facts.has_simulated_prices
from fct_portfolio_snapshots as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
