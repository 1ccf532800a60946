-- How fast each open position can be sold, the slowest first, those without days last.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.symbol,
    facts.quantity_of_symbol,
    facts.share_of_volume,
    facts.days_to_liquidate,
    facts.share_1d,
    facts.share_7d,
    facts.share_30d,
    facts.bucket,
    facts.cost,
    facts.null_reason,
    facts.cost_null_reason
from fct_position_liquidity as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name, facts.days_to_liquidate desc nulls last, facts.symbol, facts.position_id
