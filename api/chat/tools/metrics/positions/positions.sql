-- The open positions (lots) at the close, the largest market value first.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.symbol,
    facts.position_type,
    facts.investment_class,
    facts.quantity,
    facts.price,
    facts.price_date,
    facts.price_flag,
    facts.market_value,
    facts.weight,
    facts.cost_basis,
    facts.unrealized_pnl,
    facts.daily_pnl,
    facts.dividends
from fct_position_values as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
    and facts.is_open
order by portfolios.portfolio_name, abs(facts.market_value) desc, facts.symbol, facts.position_id
