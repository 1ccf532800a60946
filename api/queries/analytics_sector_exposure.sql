-- GET /analytics/portfolio/{id}/sector-exposure: shares of gross exposure by sector, beside the S&P 500's weights
-- that held on the date. No row: not this user's. A row without a body: the portfolio begins later.
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

sectors as (
    select *
    from fct_exposures_by_group
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and dimension = 'sector'
),

benchmark as (
    select
        sector,
        weight,
        source,
        effective_date
    from dim_benchmark_sectors
    where
        benchmark = 'S&P 500'
        and effective_date = (
            select max(effective_date) from dim_benchmark_sectors
            where benchmark = 'S&P 500' and effective_date <= %(as_of_date)s::date
        )
),

compared as (
    select
        benchmark.sector,
        coalesce(sectors.share_of_gross, 0) - benchmark.weight as difference
    from benchmark
    left join sectors on benchmark.sector = sectors.bucket
),

weights as (
    select
        json_object_agg(bucket, round(share_of_gross::numeric, 6) order by share_of_gross desc, bucket)
            as portfolio_weights,
        json_object_agg(bucket, position_count order by share_of_gross desc, bucket) as positions_by_sector,
        json_object_agg(bucket, round(net_exposure, 2) order by share_of_gross desc, bucket)
            as net_exposure_by_sector,
        sum(gross_exposure) as gross_exposure,
        sum(gross_exposure) filter (where bucket = 'Unclassified') as unclassified_value,
        sum(position_count) filter (where bucket = 'Unclassified') as unclassified_count,
        coalesce(sum(position_count) filter (where bucket not in ('Unclassified', 'Private')), 0) as classified_count,
        coalesce(sum(position_count) filter (where bucket <> 'Private'), 0) as public_count
    from sectors
    where share_of_gross is not null
),

differences as (
    select
        coalesce(json_object_agg(sector, round(difference::numeric, 6) order by difference desc), '{}'::json) as body,
        (array_agg(sector order by difference desc, sector) filter (where difference > 0))[1] as largest_overweight,
        (array_agg(sector order by difference, sector) filter (where difference < 0))[1] as largest_underweight
    from compared
),

benchmark_weights as (
    select
        coalesce(json_object_agg(sector, round(weight::numeric, 6) order by weight desc, sector), '{}'::json) as body,
        max(source) as source,
        max(effective_date) as effective_date
    from benchmark
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', coalesce(weights.gross_exposure > 0, false),
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when coalesce(weights.gross_exposure > 0, false) then snapshot.as_of_date end,
            'data', case
                when weights.gross_exposure > 0 then json_build_object(
                    'portfolio_weights', weights.portfolio_weights,
                    'benchmark_weights', benchmark_weights.body,
                    'over_underweight', differences.body,
                    'largest_overweight', differences.largest_overweight,
                    'largest_underweight', differences.largest_underweight,
                    'total_portfolio_value', round(weights.gross_exposure, 2),
                    'positions_by_sector', weights.positions_by_sector,
                    'net_exposure_by_sector', weights.net_exposure_by_sector,
                    'unclassified_value', round(coalesce(weights.unclassified_value, 0), 2),
                    'unclassified_count', coalesce(weights.unclassified_count, 0)
                )
            end,
            'metadata', json_build_object(
                'benchmark', 'S&P 500',
                'benchmark_date', benchmark_weights.effective_date,
                'benchmark_source', benchmark_weights.source,
                'price_source', case when snapshot.has_simulated_prices then 'simulated' else 'loaded' end,
                'price_notice', case when snapshot.has_simulated_prices then %(simulated_notice)s::text end
            ),
            'data_quality', json_build_object(
                'flag', case
                    when weights.public_count = 0 then 'no_public_positions'
                    when weights.classified_count = 0 then 'no_factor_data'
                    else 'full_history'
                end,
                'message', concat_ws(
                    ' ',
                    concat(
                        weights.classified_count, ' of ', snapshot.position_count,
                        ' positions have a sector in the profiles.'
                    ),
                    case
                        when benchmark_weights.effective_date is null
                            then 'No benchmark weights are known for so early a date.'
                    end,
                    case when snapshot.has_simulated_prices then %(simulated_notice)s::text end
                ),
                'positions_analyzed', weights.classified_count,
                'positions_total', snapshot.position_count,
                'positions_skipped', snapshot.position_count - weights.classified_count,
                'data_days', case when weights.classified_count > 0 then 1 else 0 end
            )
        )
    end::text as body
from portfolio
left join snapshot on true
cross join weights
cross join differences
cross join benchmark_weights
