-- Average correlation of the symbols held, and clusters.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.mean_correlation,
    facts.cluster_count,
    facts.symbols_included,
    facts.symbols_excluded,
    facts.window_days,
    facts.is_repaired,
    facts.quality_flag,
    facts.coverage_of_equity,
    facts.quality_message
from fct_portfolio_correlation as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
