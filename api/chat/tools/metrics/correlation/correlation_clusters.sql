-- Clusters of correlated symbols, the largest share of gross exposure first.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.cluster_id,
    facts.symbol,
    facts.average_correlation,
    facts.gross_share
from fct_correlation_clusters as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name, facts.cluster_id, facts.gross_share desc, facts.symbol
