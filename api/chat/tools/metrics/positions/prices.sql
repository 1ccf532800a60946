-- Closing prices and daily returns of the symbols held, options by their underlying.
with held as (
    select distinct
        facts.portfolio_id,
        facts.as_of_date,
        coalesce(positions.underlying_symbol, facts.symbol) as symbol
    from fct_position_values as facts
    inner join dim_positions as positions on facts.position_id = positions.position_id
    where
        facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
        and facts.as_of_date = %(as_of_date)s::date
        and facts.is_open
)

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
