-- Closing prices and daily returns of the symbols held, options by their underlying.
-- with held
select
    portfolios.portfolio_name,
    held.as_of_date,
    held.symbol,
    facts.close,
    facts.previous_close,
    facts.daily_return,
    facts.dividend,
    facts.split_ratio,
    facts.is_suspect,
    facts.source
from held
inner join dim_portfolios as portfolios on held.portfolio_id = portfolios.portfolio_id
inner join fct_prices as facts on held.symbol = facts.symbol
where
    facts.symbol = any(array(select symbol from held))
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name, held.symbol
