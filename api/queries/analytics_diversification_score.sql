-- GET /analytics/portfolio/{id}/diversification-score: how much what is held moves together. No row: not this
-- user's. A row without a body: the portfolio begins later.
with portfolio as (
    select portfolio_id
    from dim_portfolios
    where portfolio_id = %(portfolio_id)s::uuid
),

snapshot as (
    select *
    from fct_portfolio_snapshots
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

correlation as (
    select *
    from fct_portfolio_correlation
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

clusters as (
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
                'price_source', case when snapshot.has_simulated_prices then 'simulated' else 'loaded' end,
                'price_notice', case when snapshot.has_simulated_prices then %(simulated_notice)s::text end
            ),
            'data_quality', json_build_object(
                'flag', coalesce(correlation.quality_flag, 'no_factor_data'),
                'message', concat_ws(
                    ' ',
                    coalesce(correlation.quality_message, 'Nothing of this was published for the session.'),
                    case when snapshot.has_simulated_prices then %(simulated_notice)s::text end
                ),
                'positions_analyzed', coalesce(correlation.positions_analyzed, 0),
                'positions_total', snapshot.position_count,
                'positions_skipped', snapshot.position_count - coalesce(correlation.positions_analyzed, 0),
                'data_days', coalesce(correlation.data_days, 0)
            )
        )
    end::text as body
from portfolio
left join snapshot on true
cross join listed
left join correlation on true
