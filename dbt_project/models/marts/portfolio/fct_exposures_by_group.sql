{{ config(materialized='mart', packed=true, grain=['portfolio_id', 'as_of_date', 'dimension', 'bucket']) }}

-- Symbols, sectors, investment classes and position types each partition the positions with exposure, all but cash and
-- money-market funds, and add up to the portfolio; tags may overlap.
with position_values as not materialized (
    select * from {{ ref('int_position_values') }}
    where is_open and not is_cash_equivalent and {{ is_being_built() }}
),

tags as (
    select * from {{ ref('int_tagged_positions') }}
),

classified as (
    select
        *,
        case when investment_class = 'PRIVATE' then 'Private' else coalesce(sector, 'Unclassified') end as sector_bucket
    from position_values
),

partitions as (
    select
        portfolio_id,
        as_of_date,
        case
            when grouping(pricing_symbol) = 0 then 'symbol'
            when grouping(sector_bucket) = 0 then 'sector'
            when grouping(investment_class) = 0 then 'investment_class'
            else 'position_type'
        end as dimension,
        coalesce(pricing_symbol, sector_bucket, investment_class, position_type) as bucket,
        sum(market_value) filter (where market_value > 0) as long_exposure,
        -sum(market_value) filter (where market_value < 0) as short_exposure,
        {{ sum_unless_unknown('delta_adjusted_exposure') }} as delta_adjusted_exposure,
        count(*) as position_count
    from classified
    group by
        portfolio_id,
        as_of_date,
        grouping sets (pricing_symbol, sector_bucket, investment_class, position_type)
),

carried as (
    select
        position_values.*,
        tags.tag
    from position_values
    inner join tags
        on position_values.position_id = tags.position_id and position_values.as_of_date = tags.as_of_date
),

tagged as (
    select
        portfolio_id,
        as_of_date,
        'tag' as dimension,
        tag as bucket,
        sum(market_value) filter (where market_value > 0) as long_exposure,
        -sum(market_value) filter (where market_value < 0) as short_exposure,
        {{ sum_unless_unknown('delta_adjusted_exposure') }} as delta_adjusted_exposure,
        count(*) as position_count
    from carried
    group by portfolio_id, as_of_date, tag
),

grouped as (
    select
        portfolio_id,
        as_of_date,
        dimension,
        bucket,
        coalesce(long_exposure, 0) as long_exposure,
        coalesce(short_exposure, 0) as short_exposure,
        delta_adjusted_exposure,
        position_count
    from (
        select * from partitions
        union all
        select * from tagged
    ) as all_groups
),

gross as (
    select
        portfolio_id,
        as_of_date,
        sum(abs(market_value)) as gross_exposure
    from position_values
    group by portfolio_id, as_of_date
),

final as (
    select
        grouped.portfolio_id,
        grouped.as_of_date,
        grouped.dimension,
        grouped.bucket,
        cast(grouped.long_exposure as numeric(38, 2)) as long_exposure,
        cast(grouped.short_exposure as numeric(38, 2)) as short_exposure,
        cast(grouped.long_exposure + grouped.short_exposure as numeric(38, 2)) as gross_exposure,
        cast(grouped.long_exposure - grouped.short_exposure as numeric(38, 2)) as net_exposure,
        cast(grouped.delta_adjusted_exposure as numeric(38, 2)) as delta_adjusted_exposure,
        case when grouped.delta_adjusted_exposure is null then 'options_without_greeks' end
            as delta_adjusted_null_reason,
        cast(
            (grouped.long_exposure + grouped.short_exposure) / nullif(gross.gross_exposure, 0) as double precision
        ) as share_of_gross,
        cast(grouped.position_count as integer) as position_count
    from grouped
    inner join gross
        on grouped.portfolio_id = gross.portfolio_id and grouped.as_of_date = gross.as_of_date
)

select * from final
