-- GET /analytics/aggregate/concentration: on the gross exposures of each symbol added up over the portfolios; a long
-- in one does not offset a short in another. No row: a named portfolio is not this user's.
-- with aggregate_scope
with groups as (
    select
        bucket as symbol,
        sum(gross_exposure) as gross_exposure
    from fct_exposures_by_group
    where
        portfolio_id = any(array(select portfolio_id from snapshots))
        and as_of_date = %(as_of_date)s::date
        and dimension = 'symbol'
    group by bucket
),

shares as (
    select
        symbol,
        gross_exposure / nullif(sum(gross_exposure) over (), 0) as gross_share,
        row_number() over (order by gross_exposure desc, symbol) as size_rank
    from groups
),

concentration as (
    select
        sum(gross_share * gross_share) as hhi,
        sum(gross_share) filter (where size_rank <= 3) as top_3_share,
        sum(gross_share) filter (where size_rank <= 10) as top_10_share,
        count(*) as symbol_count,
        json_object_agg(symbol, round(gross_share, 6) order by size_rank) filter (
            where size_rank <= %(max_positions)s
        ) as weights
    from shares
    where gross_share is not null
)

select
    json_build_object(
        'available', concentration.hhi is not null,
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when concentration.hhi is not null then %(as_of_date)s::date end,
        'data', case
            when concentration.hhi is not null then json_build_object(
                'hhi', round(10000 * concentration.hhi, 4),
                'effective_num_positions', round(1 / concentration.hhi, 6),
                'top_3_concentration', round(concentration.top_3_share, 6),
                'top_10_concentration', round(concentration.top_10_share, 6),
                'total_positions', totals.position_count,
                'total_symbols', concentration.symbol_count,
                'position_weights', concentration.weights
            )
        end,
        'metadata', json_build_object(
            'truncated', concentration.symbol_count > %(max_positions)s,
            'portfolio_count', totals.portfolio_count,
            'price_source', totals.price_source,
            'price_notice', totals.price_notice
        ),
        'data_quality', json_build_object(
            'flag', case
                when totals.position_count = totals.private_count then 'no_public_positions'
                else 'full_history'
            end,
            'message', concat_ws(
                ' ',
                case
                    when concentration.hhi is null then 'Nothing is held.'
                    else concat('All ', totals.position_count, ' positions count with their market value.')
                end,
                totals.price_notice
            ),
            'positions_analyzed', totals.position_count,
            'positions_total', totals.position_count,
            'positions_skipped', 0,
            'data_days', case when concentration.hhi is null then 0 else 1 end
        )
    )::text as body
from totals
cross join concentration
