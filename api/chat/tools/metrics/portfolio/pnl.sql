-- P&L of the day, month and year to date and since inception, in USD.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.daily_pnl,
    facts.mtd_pnl,
    facts.ytd_pnl,
    facts.cumulative_pnl,
    facts.unrealized_pnl,
    facts.cumulative_realized_pnl,
    facts.cumulative_dividends,
    facts.has_simulated_prices
from fct_portfolio_snapshots as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
