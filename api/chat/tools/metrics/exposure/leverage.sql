-- Leverage and its parts: gross exposure over equity, and net exposure over equity.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.leverage,
    facts.net_to_equity,
    facts.gross_exposure,
    facts.net_exposure,
    snapshots.equity,
    facts.ratio_null_reason
from fct_portfolio_exposures as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
inner join fct_portfolio_snapshots as snapshots
    on facts.portfolio_id = snapshots.portfolio_id and facts.as_of_date = snapshots.as_of_date
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
