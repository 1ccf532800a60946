-- Clusters of symbols that move together: a row for each cluster, the largest first.
select
    cluster_id,
    string_agg(symbol, ', ' order by symbol) as symbols,
    count(*) as symbol_count,
    min(average_correlation) as average_correlation,
    sum(gross_share) as gross_share
from fct_correlation_clusters
where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
group by cluster_id
order by sum(gross_share) desc, cluster_id
