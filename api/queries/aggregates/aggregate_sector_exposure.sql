-- GET /analytics/aggregate/sector-exposure: sector weights of the classified gross exposure, summed, next to the S&P
-- 500's weights in force on the date. No row: a named portfolio is not this user's.
-- with aggregate_scope, sector_comparison
with sectors as (
    select
        sector as bucket,
        gross_exposure,
        net_exposure,
        position_count
    from udf.portfolios_sector_shares(array(select portfolio_id from snapshots), %(as_of_date)s::date)
),

symbol_exposures as (
    select
        bucket,
        sum(gross_exposure) as gross_exposure,
        sum(net_exposure) as net_exposure,
        sum(position_count) as position_count
    from fct_exposures_by_group
    where
        portfolio_id = any(array(select portfolio_id from snapshots))
        and as_of_date = %(as_of_date)s::date
        and dimension = 'symbol'
    group by bucket
)

select
    json_build_object(
        'available', comparison.is_available,
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when comparison.is_available then %(as_of_date)s::date end,
        'portfolio_count', totals.portfolio_count,
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
            'message', comparison.message,
            'positions_analyzed', comparison.classified_count,
            'positions_total', totals.position_count,
            'positions_skipped', totals.position_count - comparison.classified_count,
            'data_days', comparison.data_days,
            'coverage_of_equity', round(comparison.coverage_of_equity, 6),
            'positions_not_measured', comparison.positions_not_measured
        )
    )::text as body
from totals
cross join comparison
