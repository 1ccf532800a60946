-- GET /analytics/portfolio/{id}/sector-exposure: sector weights of the classified gross exposure, next to the S&P
-- 500's weights in force on the date. No row: the portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope, sector_comparison
with totals as (
    select
        equity,
        position_count,
        price_notice
    from snapshot
),

groups as (
    select
        dimension,
        bucket,
        gross_exposure,
        net_exposure,
        position_count
    from fct_exposures_by_group
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and dimension in ('sector', 'symbol')
),

sectors as (
    select * from groups
    where dimension = 'sector'
),

symbol_exposures as (
    select * from groups
    where dimension = 'symbol'
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', comparison.is_available,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when comparison.is_available then snapshot.as_of_date end,
            'data', comparison.body,
            'metadata', json_build_object(
                'benchmark', 'S&P 500',
                'benchmark_date', comparison.benchmark_date,
                'benchmark_source', comparison.benchmark_source,
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', json_build_object(
                'flag', comparison.quality_flag,
                'message', comparison.message,
                'positions_analyzed', comparison.classified_count,
                'positions_total', snapshot.position_count,
                'positions_skipped', snapshot.position_count - comparison.classified_count,
                'data_days', comparison.data_days,
                'coverage_of_equity', round(comparison.coverage_of_equity, 6),
                'positions_not_measured', comparison.positions_not_measured
            )
        )
    end::text as body
from portfolio
left join snapshot on true
left join comparison on true
