-- The CTE `sectors` (bucket, exposures, position_count, share_of_gross) next to the weights of the S&P 500 in force on
-- the date.
with benchmark as (
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
),

comparison as (
    select
        coalesce(weights.gross_exposure > 0, false) as is_available,
        case
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
        end as body,
        benchmark_weights.effective_date as benchmark_date,
        benchmark_weights.source as benchmark_source,
        case
            when weights.public_count = 0 then 'no_public_positions'
            when weights.classified_count = 0 then 'no_factor_data'
            else 'full_history'
        end as quality_flag,
        case
            when benchmark_weights.effective_date is null
                then 'No benchmark weights are known for so early a date.'
        end as benchmark_notice,
        weights.classified_count,
        case when weights.classified_count > 0 then 1 else 0 end as data_days
    from weights
    cross join differences
    cross join benchmark_weights
)

select *
from comparison
