-- P&L of the open positions by symbol: of the day, unrealized and since entry; the largest gain of the day first.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.symbol,
    sum(facts.daily_pnl) as daily_pnl,
    sum(facts.unrealized_pnl) as unrealized_pnl,
    sum(facts.cumulative_dividends) as cumulative_dividends,
    sum(facts.cumulative_pnl) as cumulative_pnl,
    sum(facts.market_value) as market_value
from fct_position_values as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
    and facts.is_open
group by portfolios.portfolio_name, facts.as_of_date, facts.symbol
order by portfolios.portfolio_name, daily_pnl desc, facts.symbol
