{{ config(
    materialized='fact',
    indexes=[
        {'columns': ['portfolio_id', 'as_of_date', 'dimension', 'bucket'], 'unique': true},
        {'columns': ['as_of_date']},
    ],
) }}

-- Symbols, sectors, investment classes and position types each partition the portfolio and add up to it;
-- tags may overlap.
with position_values as (
    select * from {{ ref('int_position_values') }}
    where is_open and as_of_date between {{ from_date() }} and {{ to_date() }}
),

sectors as (
    select * from {{ ref('int_symbol_sectors') }}
),

tags as (
    select * from {{ ref('int_position_tags') }}
),

classified as (
    select
        position_values.*,
        case
            when position_values.investment_class = 'PRIVATE' then 'Private'
            else coalesce(sectors.sector, 'Unclassified')
        end as sector_bucket
    from position_values
    left join sectors
        on
            position_values.pricing_symbol = sectors.symbol
            and position_values.as_of_date >= sectors.valid_from
            and position_values.as_of_date < sectors.valid_before
),

buckets as (
    select
        classified.portfolio_id,
        classified.as_of_date,
        classified.market_value,
        dimensions.dimension,
        dimensions.bucket
    from classified
    cross join
        lateral (
            values
            ('symbol', classified.pricing_symbol),
            ('sector', classified.sector_bucket),
            ('investment_class', classified.investment_class),
            ('position_type', classified.position_type)
        ) as dimensions (dimension, bucket)
    union all
    select
        position_values.portfolio_id,
        position_values.as_of_date,
        position_values.market_value,
        'tag' as dimension,
        tags.tag as bucket
    from position_values
    inner join tags
        on
            position_values.portfolio_id = tags.portfolio_id
            and position_values.symbol = tags.symbol
            and position_values.as_of_date >= tags.valid_from
            and position_values.as_of_date < tags.valid_before
),

grouped as (
    select
        portfolio_id,
        as_of_date,
        dimension,
        bucket,
        coalesce(sum(market_value) filter (where market_value > 0), 0) as long_exposure,
        coalesce(-sum(market_value) filter (where market_value < 0), 0) as short_exposure,
        count(*) as position_count
    from buckets
    group by portfolio_id, as_of_date, dimension, bucket
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
        cast(null as numeric(38, 2)) as delta_adjusted_exposure,
        cast('no_greeks' as text) as delta_adjusted_null_reason,
        cast(
            (grouped.long_exposure + grouped.short_exposure) / nullif(gross.gross_exposure, 0) as double precision
        ) as share_of_gross,
        cast(grouped.position_count as integer) as position_count
    from grouped
    inner join gross
        on grouped.portfolio_id = gross.portfolio_id and grouped.as_of_date = gross.as_of_date
)

select * from final
