-- How fast each open position can be sold, the slowest first, those without days last.
select
    position_id,
    symbol,
    days_to_liquidate,
    share_1d,
    share_7d,
    share_30d,
    bucket,
    cost,
    null_reason,
    cost_null_reason
from fct_position_liquidity
where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
order by days_to_liquidate desc nulls last, symbol, position_id
