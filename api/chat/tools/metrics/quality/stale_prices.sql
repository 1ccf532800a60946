-- Open positions that are not valued at a close or quote of the day, the largest first.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.symbol,
    facts.price_flag,
    facts.price,
    facts.price_date,
    facts.price_source,
    facts.market_value,
    facts.weight
from fct_position_values as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
    and facts.is_open
    and facts.price_flag is not null
order by portfolios.portfolio_name, abs(facts.market_value) desc, facts.symbol, facts.position_id
