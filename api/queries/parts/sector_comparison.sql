-- Sector weights next to those of the S&P 500 in force on the date, from the CTEs `sectors` (bucket, gross_exposure,
-- net_exposure, position_count) and `symbol_exposures` (the same by symbol). A fund that tracks the S&P 500 counts by
-- its sector weights; other funds without a sector are `Unclassified fund`. Only what is classified is compared.
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

benchmark_shares as (
    select
        sector,
        weight::numeric / sum(weight::numeric) over () as of_benchmark
    from benchmark
),

-- Keys are passed to the views as arrays: only then does the planner look them up in the index.
described_symbols as (
    select
        symbol_exposures.*,
        coalesce(dim_symbols.sector, 'Unclassified') as sector,
        dim_symbols.tracked_benchmark = 'S&P 500' and exists (select from benchmark) as is_looked_through,
        dim_symbols.security_type in ('ETF', 'MUTUAL_FUND') and dim_symbols.sector is null as is_unclassified_fund
    from symbol_exposures
    inner join dim_symbols on symbol_exposures.bucket = dim_symbols.symbol
    where dim_symbols.symbol = any(array(select bucket from symbol_exposures))
),

moves as (
    select
        sector as bucket,
        -gross_exposure as gross_exposure,
        -net_exposure as net_exposure,
        -position_count as position_count
    from described_symbols
    where is_looked_through or is_unclassified_fund
    union all
    select
        'Unclassified fund' as bucket,
        gross_exposure,
        net_exposure,
        position_count
    from described_symbols
    where is_unclassified_fund and is_looked_through is not true
    union all
    select
        benchmark_shares.sector as bucket,
        described_symbols.gross_exposure * benchmark_shares.of_benchmark as gross_exposure,
        described_symbols.net_exposure * benchmark_shares.of_benchmark as net_exposure,
        described_symbols.position_count
    from described_symbols
    cross join benchmark_shares
    where described_symbols.is_looked_through
),

divided as (
    select
        bucket,
        bucket not in ('Unclassified', 'Unclassified fund', 'Private') as is_classified,
        sum(gross_exposure) as gross_exposure,
        sum(net_exposure) as net_exposure,
        sum(position_count) as position_count
    from (
        select
            bucket,
            gross_exposure,
            net_exposure,
            position_count
        from sectors
        union all
        select * from moves
    ) as moved
    group by bucket
    having sum(position_count) > 0
),

weighted as (
    select
        *,
        gross_exposure / nullif(sum(gross_exposure) over (), 0) as share_of_gross,
        case
            when is_classified
                then gross_exposure / nullif(sum(gross_exposure) filter (where is_classified) over (), 0)
        end as weight
    from divided
),

compared as (
    select
        benchmark.sector,
        coalesce(weighted.weight, 0) - benchmark.weight as difference
    from benchmark
    left join weighted on benchmark.sector = weighted.bucket
),

weights as (
    select
        json_object_agg(bucket, round(weight, 6) order by weight desc, bucket) filter (where is_classified)
            as portfolio_weights,
        json_object_agg(bucket, round(share_of_gross, 6) order by share_of_gross desc, bucket) as shares_of_gross,
        json_object_agg(bucket, position_count order by share_of_gross desc, bucket) as positions_by_sector,
        json_object_agg(bucket, round(net_exposure, 2) order by share_of_gross desc, bucket)
            as net_exposure_by_sector,
        sum(gross_exposure) as gross_exposure,
        coalesce(sum(gross_exposure) filter (where is_classified), 0) as classified_value,
        coalesce(sum(gross_exposure) filter (where bucket in ('Unclassified', 'Unclassified fund')), 0)
            as unclassified_value,
        coalesce(sum(position_count) filter (where bucket in ('Unclassified', 'Unclassified fund')), 0)
            as unclassified_count
    from weighted
    where share_of_gross is not null
),

counts as (
    select
        coalesce(sum(position_count) filter (where bucket <> 'Private'), 0) as public_count,
        (
            select coalesce(json_agg(bucket order by bucket), '[]'::json)
            from described_symbols
            where is_looked_through
        ) as looked_through
    from sectors
),

unclassified_symbols as (
    select coalesce(json_agg(bucket order by size_rank), '[]'::json) as body
    from (
        select
            bucket,
            row_number() over (order by gross_exposure desc, bucket) as size_rank
        from described_symbols
        where sector = 'Unclassified' and is_looked_through is not true
    ) as ranked
    where size_rank <= %(named_positions)s
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

measured as (
    select
        weights.*,
        counts.*,
        counts.public_count - weights.unclassified_count as classified_count,
        weights.classified_value / nullif(weights.gross_exposure, 0) as classified_share
    from weights
    cross join counts
),

comparison as (
    select
        coalesce(measured.gross_exposure > 0, false) as is_available,
        case
            when measured.gross_exposure > 0 then json_build_object(
                'portfolio_weights', coalesce(measured.portfolio_weights, '{}'::json),
                'benchmark_weights', benchmark_weights.body,
                'over_underweight', case
                    when measured.classified_value > 0 then differences.body else '{}'::json
                end,
                'largest_overweight', case when measured.classified_value > 0 then differences.largest_overweight end,
                'largest_underweight', case
                    when measured.classified_value > 0 then differences.largest_underweight
                end,
                'total_portfolio_value', round(measured.gross_exposure, 2),
                'classified_value', round(measured.classified_value, 2),
                'classified_share', round(measured.classified_share, 6),
                'shares_of_gross', measured.shares_of_gross,
                'positions_by_sector', measured.positions_by_sector,
                'net_exposure_by_sector', measured.net_exposure_by_sector,
                'unclassified_value', round(measured.unclassified_value, 2),
                'unclassified_count', measured.unclassified_count,
                'looked_through', measured.looked_through
            )
        end as body,
        benchmark_weights.effective_date as benchmark_date,
        benchmark_weights.source as benchmark_source,
        case
            when measured.public_count = 0 then 'no_public_positions'
            when measured.classified_count = 0 then 'no_factor_data'
            when least(measured.classified_share, equity_shares.of_equity) < %(full_coverage_share)s
                then 'partially_covered'
            else 'full_history'
        end as quality_flag,
        concat_ws(
            ' ',
            concat(
                'Compared: the ', trim_scale(trunc(100 * coalesce(measured.classified_share, 0), 1)),
                ' %% of gross exposure that has a sector, in ', measured.classified_count, ' of ',
                totals.position_count, ' positions.'
            ),
            case
                when json_array_length(measured.looked_through) > 0
                    then concat(
                        'Divided into the sectors of the S&P 500: ',
                        array_to_string(array(select json_array_elements_text(measured.looked_through)), ', '), '.'
                    )
            end,
            case
                when benchmark_weights.effective_date is null
                    then 'No benchmark weights are known for so early a date.'
            end,
            totals.price_notice
        ) as message,
        measured.classified_count,
        equity_shares.of_equity as coverage_of_equity,
        unclassified_symbols.body as positions_not_measured,
        case when measured.classified_count > 0 then 1 else 0 end as data_days
    from measured
    cross join differences
    cross join benchmark_weights
    cross join unclassified_symbols
    cross join totals
    cross join
        lateral (
            select
                case
                    when not totals.equity > 0 then null
                    when measured.classified_count = 0 then 0
                    else greatest(
                        0, 1 - (measured.gross_exposure - measured.classified_value) / totals.equity
                    )
                end as of_equity
        ) as equity_shares
)

select *
from comparison
