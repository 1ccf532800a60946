-- P&L of each year since inception, with its first and last session; the last year may be incomplete.
select
    portfolios.portfolio_name,
    min(facts.as_of_date) as first_session,
    max(facts.as_of_date) as last_session,
    sum(facts.daily_pnl) as pnl,
    sum(facts.capital_flow) as capital_flow
from fct_portfolio_snapshots as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date <= %(as_of_date)s::date
group by portfolios.portfolio_name, date_trunc('year', facts.as_of_date)
order by portfolios.portfolio_name, first_session
