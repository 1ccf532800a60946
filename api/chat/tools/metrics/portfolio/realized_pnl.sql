-- Realized P&L of the closed positions since inception, the last one closed first.
select
    portfolios.portfolio_name,
    facts.as_of_date as closed_on,
    facts.symbol,
    facts.position_type,
    facts.realized_pnl,
    facts.cumulative_dividends,
    facts.cumulative_pnl
from fct_position_values as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date <= %(as_of_date)s::date
    and not facts.is_open
order by portfolios.portfolio_name, facts.as_of_date desc, facts.symbol
