-- GET /analytics/aggregate/sector-exposure: gross exposures by sector added up, beside the S&P 500's weights that
-- held on the date. No row: a named portfolio is not this user's.
-- with aggregate_scope, sector_comparison
with groups as (
    select
        bucket,
        sum(gross_exposure) as gross_exposure,
        sum(net_exposure) as net_exposure,
        sum(position_count) as position_count
    from fct_exposures_by_group
    where
        portfolio_id = any(array(select portfolio_id from snapshots))
        and as_of_date = %(as_of_date)s::date
        and dimension = 'sector'
    group by bucket
),

sectors as (
    select
        *,
        gross_exposure / nullif(sum(gross_exposure) over (), 0) as share_of_gross
    from groups
)

select
    json_build_object(
        'available', comparison.is_available,
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when comparison.is_available then %(as_of_date)s::date end,
        'data', comparison.body,
        'metadata', json_build_object(
            'benchmark', 'S&P 500',
            'benchmark_date', comparison.benchmark_date,
            'benchmark_source', comparison.benchmark_source,
            'portfolio_count', totals.portfolio_count,
            'price_source', totals.price_source,
            'price_notice', totals.price_notice
        ),
        'data_quality', json_build_object(
            'flag', comparison.quality_flag,
            'message', concat_ws(
                ' ',
                concat(
                    comparison.classified_count, ' of ', totals.position_count,
                    ' positions have a sector in the profiles.'
                ),
                comparison.benchmark_notice,
                totals.price_notice
            ),
            'positions_analyzed', comparison.classified_count,
            'positions_total', totals.position_count,
            'positions_skipped', totals.position_count - comparison.classified_count,
            'data_days', comparison.data_days
        )
    )::text as body
from totals
cross join comparison
