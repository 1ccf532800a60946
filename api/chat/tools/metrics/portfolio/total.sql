-- The portfolios together: equity, P&L, exposures and leverage as sums. One row.
select
    count(*) as portfolio_count,
    max(facts.as_of_date) as as_of_date,
    sum(facts.equity) as equity,
    sum(facts.cash) as cash,
    sum(facts.daily_pnl) as daily_pnl,
    sum(facts.mtd_pnl) as mtd_pnl,
    sum(facts.ytd_pnl) as ytd_pnl,
    sum(facts.cumulative_pnl) as cumulative_pnl,
    sum(exposures.long_exposure) as long_exposure,
    sum(exposures.short_exposure) as short_exposure,
    sum(exposures.gross_exposure) as gross_exposure,
    sum(exposures.net_exposure) as net_exposure,
    case when sum(facts.equity) > 0 then sum(exposures.gross_exposure) / sum(facts.equity) end as leverage,
    bool_or(facts.has_simulated_prices) as has_simulated_prices
from fct_portfolio_snapshots as facts
inner join fct_portfolio_exposures as exposures
    on facts.portfolio_id = exposures.portfolio_id and facts.as_of_date = exposures.as_of_date
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
