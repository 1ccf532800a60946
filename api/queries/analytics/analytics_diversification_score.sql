-- GET /analytics/portfolio/{id}/diversification-score: how strongly the holdings move together. No row: the portfolio
-- is not this user's. Null body: it begins after the session.
-- with portfolio_scope, portfolio_correlation, portfolio_quality
with clusters as (
    select
        cluster_id,
        json_build_object(
            'cluster_id', cluster_id,
            'symbols', json_agg(symbol order by gross_share desc, symbol),
            'average_correlation', round(max(average_correlation)::numeric, 6),
            'gross_share', round(sum(gross_share)::numeric, 6)
        ) as body
    from fct_correlation_clusters
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
    group by cluster_id
),

listed as (
    select coalesce(json_agg(body order by cluster_id), '[]'::json) as body
    from clusters
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', correlation.diversification_score is not null,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when correlation.diversification_score is not null then snapshot.as_of_date end,
            'portfolio_correlation', round(correlation.diversification_score::numeric, 6),
            'duration_days', correlation.window_days,
            'symbols_included', coalesce(correlation.symbols_included, 0),
            'symbols_excluded', coalesce(correlation.symbols_excluded, 0),
            'mean_correlation', round(correlation.mean_correlation::numeric, 6),
            'effective_bets', round(correlation.effective_bets::numeric, 6),
            'clusters', listed.body,
            'metadata', json_build_object(
                'is_repaired', correlation.is_repaired,
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', data_quality.body
        )
    end::text as body
from portfolio
left join snapshot on true
left join data_quality on true
cross join listed
left join correlation on true
