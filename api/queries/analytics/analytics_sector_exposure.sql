-- GET /analytics/portfolio/{id}/sector-exposure: shares of gross exposure by sector, next to the S&P 500's weights in
-- force on the date. No row: the portfolio is not this user's. Null body: it begins after the session.
-- with portfolio_scope, sector_comparison
with sectors as (
    select *
    from fct_exposures_by_group
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and dimension = 'sector'
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
                'message', concat_ws(
                    ' ',
                    concat(
                        comparison.classified_count, ' of ', snapshot.position_count,
                        ' positions have a sector in the profiles.'
                    ),
                    comparison.benchmark_notice,
                    snapshot.price_notice
                ),
                'positions_analyzed', comparison.classified_count,
                'positions_total', snapshot.position_count,
                'positions_skipped', snapshot.position_count - comparison.classified_count,
                'data_days', comparison.data_days
            )
        )
    end::text as body
from portfolio
left join snapshot on true
cross join comparison
