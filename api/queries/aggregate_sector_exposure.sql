-- GET /analytics/aggregate/sector-exposure: gross exposures by sector added up, beside the S&P 500's weights that
-- held on the date. No row: a named portfolio is not this user's.
with portfolios as (
    select
        portfolio_id,
        portfolio_name
    from dim_portfolios
    where %(portfolio_ids)s::uuid[] is null or portfolio_id = any(%(portfolio_ids)s::uuid[])
),

-- Keys are handed to the views as arrays: only so does the planner look them up in the index.
snapshots as materialized (
    select *
    from fct_portfolio_snapshots
    where portfolio_id = any(array(select portfolio_id from portfolios)) and as_of_date = %(as_of_date)s::date
),

totals as (
    select
        count(*) as portfolio_count,
        coalesce(json_agg(portfolio_id order by portfolio_id), '[]'::json) as portfolio_ids,
        coalesce(sum(equity), 0) as equity,
        coalesce(sum(position_count), 0) as position_count,
        coalesce(sum(private_count), 0) as private_count,
        coalesce(bool_or(has_simulated_prices), false) as has_simulated_prices
    from snapshots
),

groups as (
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
    json_build_object(
        'available', coalesce(weights.gross_exposure > 0, false),
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when coalesce(weights.gross_exposure > 0, false) then %(as_of_date)s::date end,
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
            'portfolio_count', totals.portfolio_count,
            'price_source', case when totals.has_simulated_prices then 'simulated' else 'loaded' end,
            'price_notice', case when totals.has_simulated_prices then %(simulated_notice)s::text end
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
                    weights.classified_count, ' of ', totals.position_count,
                    ' positions have a sector in the profiles.'
                ),
                case
                    when benchmark_weights.effective_date is null
                        then 'No benchmark weights are known for so early a date.'
                end,
                case when totals.has_simulated_prices then %(simulated_notice)s::text end
            ),
            'positions_analyzed', weights.classified_count,
            'positions_total', totals.position_count,
            'positions_skipped', totals.position_count - weights.classified_count,
            'data_days', case when weights.classified_count > 0 then 1 else 0 end
        )
    )::text as body
from totals
cross join weights
cross join differences
cross join benchmark_weights
-- all that were named must be this user's
where
    %(portfolio_ids)s::uuid[] is null
    or (select count(*) from portfolios)
    = (select count(distinct named.id) from unnest(%(portfolio_ids)s::uuid[]) as named (id))
