-- GET /analytics/aggregate/sector-exposure: gross exposures by sector, summed, next to the S&P 500's weights in force
-- on the date. No row: a named portfolio is not this user's.
-- with aggregate_scope, sector_comparison
with sectors as (
    select
        sector as bucket,
        gross_exposure,
        net_exposure,
        share_of_gross,
        position_count
    from udf.portfolios_sector_shares(array(select portfolio_id from snapshots), %(as_of_date)s::date)
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
