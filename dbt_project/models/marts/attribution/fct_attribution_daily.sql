{{ config(
    materialized='mart',
    packed=true,
    grain=['portfolio_id', 'as_of_date', 'dimension', 'segment'],
    not_restated=['portfolio_weight', 'benchmark_weight', 'benchmark_return', 'allocation', 'selection'],
) }}

-- Attribution of a session by Brinson and Fachler, from contributions: short and tiny segments have no return of their
-- own. A segment is compared with its part of the benchmark; one outside of it, and a tag, with the whole benchmark.
-- Tags may overlap: an overlay without cash.
with positions as (
    select * from {{ ref('int_positions') }}
),

tags as (
    select * from {{ ref('int_tagged_positions') }}
),

benchmark_segments as materialized (
    select * from {{ ref('int_benchmark_segments') }}
),

-- what a lot is worth at the start of the session: one that is bought on it is cash until then
position_values as (
    select
        built.position_id,
        built.portfolio_id,
        built.as_of_date,
        built.is_cash_equivalent,
        case when built.investment_class = 'PRIVATE' then 'Private' else coalesce(built.sector, 'Unclassified') end
            as sector,
        built.investment_class,
        case
            when positions.first_session < built.as_of_date then built.previous_market_value
            -- what a spin-off brings was part of its parent until then
            when positions.is_opening and positions.spun_off_on is null then built.previous_market_value
            else 0
        end as start_value,
        built.daily_pnl
    from {{ ref('int_position_values') }} as built
    inner join positions on built.position_id = positions.position_id
    where {{ is_being_built('built') }}
),

held as (
    select
        portfolio_id,
        as_of_date,
        case when grouping(sector) = 0 then 'sector' else 'investment_class' end as dimension,
        case when is_cash_equivalent then 'Cash' else coalesce(sector, investment_class) end as segment,
        sum(start_value) as start_value,
        sum(daily_pnl) as daily_pnl
    from position_values
    group by portfolio_id, as_of_date, is_cash_equivalent, grouping sets (sector, investment_class)
),

tagged as (
    select
        position_values.portfolio_id,
        position_values.as_of_date,
        'tag' as dimension,
        tags.tag as segment,
        sum(position_values.start_value) as start_value,
        sum(position_values.daily_pnl) as daily_pnl
    from position_values
    inner join tags
        on position_values.position_id = tags.position_id and position_values.as_of_date = tags.as_of_date
    group by position_values.portfolio_id, position_values.as_of_date, tags.tag
),

dimensions as materialized (
    select
        snapshots.portfolio_id,
        snapshots.as_of_date,
        named.dimension,
        snapshots.equity - snapshots.daily_pnl as base,
        benchmarks.daily_return as total_return,
        named.dimension = 'tag' or parts.segment is not null as has_segments,
        parts.residual
    from {{ ref('fct_portfolio_snapshots') }} as snapshots
    inner join {{ ref('fct_benchmark_returns') }} as benchmarks
        on
            snapshots.portfolio_id = benchmarks.portfolio_id
            and snapshots.as_of_date = benchmarks.as_of_date
            and snapshots.publication_id = benchmarks.publication_id
    cross join (values ('sector'), ('investment_class'), ('tag')) as named (dimension)
    left join (
        select
            portfolio_id,
            as_of_date,
            dimension,
            min(segment) as segment,
            -- what moves beside its proxy; a sector without one is taken to move as the benchmark does
            sum(weight * coalesce(segment_return - total_return, 0) order by segment) as residual
        from benchmark_segments
        group by portfolio_id, as_of_date, dimension
    ) as parts
        on
            snapshots.portfolio_id = parts.portfolio_id
            and snapshots.as_of_date = parts.as_of_date
            and named.dimension = parts.dimension
    where {{ is_being_built('snapshots') }}
),

-- cash is what the holdings leave of the capital
cash as (
    select
        dimensions.portfolio_id,
        dimensions.as_of_date,
        dimensions.dimension,
        dimensions.base - coalesce(sum(held.start_value) filter (where held.segment <> 'Cash'), 0) as start_value,
        coalesce(sum(held.daily_pnl) filter (where held.segment = 'Cash'), 0) as daily_pnl
    from dimensions
    left join held
        on
            dimensions.portfolio_id = held.portfolio_id
            and dimensions.as_of_date = held.as_of_date
            and dimensions.dimension = held.dimension
    where dimensions.dimension <> 'tag'
    group by dimensions.portfolio_id, dimensions.as_of_date, dimensions.dimension, dimensions.base
),

invested as (
    select * from held
    where segment <> 'Cash'
    union all
    select * from tagged
),

segments as (
    select
        coalesce(invested.portfolio_id, parts.portfolio_id) as portfolio_id,
        coalesce(invested.as_of_date, parts.as_of_date) as as_of_date,
        coalesce(invested.dimension, parts.dimension) as dimension,
        coalesce(invested.segment, parts.segment) as segment,
        coalesce(invested.start_value, 0) as start_value,
        coalesce(invested.daily_pnl, 0) as daily_pnl,
        parts.weight,
        parts.segment_return
    from invested
    full outer join benchmark_segments as parts
        on
            invested.portfolio_id = parts.portfolio_id
            and invested.as_of_date = parts.as_of_date
            and invested.dimension = parts.dimension
            and invested.segment = parts.segment
    union all
    select
        portfolio_id,
        as_of_date,
        dimension,
        'Cash' as segment,
        start_value,
        daily_pnl,
        0 as weight,
        0 as segment_return
    from cash
    union all
    select
        portfolio_id,
        as_of_date,
        dimension,
        'Benchmark residual' as segment,
        0 as start_value,
        0 as daily_pnl,
        0 as weight,
        null as segment_return
    from dimensions
    where dimension = 'sector' and has_segments
),

weighted as (
    select
        segments.portfolio_id,
        segments.as_of_date,
        segments.dimension,
        segments.segment,
        dimensions.total_return,
        dimensions.residual,
        case when dimensions.base > 0 then cast(segments.start_value / dimensions.base as double precision) end
            as portfolio_weight,
        case when dimensions.has_segments then coalesce(segments.weight, 0) end as benchmark_weight,
        case when dimensions.base > 0 then cast(segments.daily_pnl / dimensions.base as double precision) end
            as contribution,
        case
            when not dimensions.has_segments then null
            when segments.weight is null then dimensions.total_return
            else segments.segment_return
        end as benchmark_return,
        case
            when not dimensions.base > 0 then 'capital_not_positive'
            when dimensions.total_return is null then 'benchmark_returns_missing'
            when not dimensions.has_segments then 'no_benchmark_segments'
        end as effect_null_reason
    from segments
    inner join dimensions
        on
            segments.portfolio_id = dimensions.portfolio_id
            and segments.as_of_date = dimensions.as_of_date
            and segments.dimension = dimensions.dimension
),

final as (
    select
        portfolio_id,
        as_of_date,
        dimension,
        segment,
        portfolio_weight,
        benchmark_weight,
        contribution,
        benchmark_return,
        -- adding 0 turns -0 into 0
        case
            when effect_null_reason is null
                then 0 + (portfolio_weight - benchmark_weight) * (benchmark_return - total_return)
        end as allocation,
        case when effect_null_reason is null then contribution - portfolio_weight * benchmark_return end as selection,
        case
            when effect_null_reason is not null then null
            when segment = 'Benchmark residual' and dimension = 'sector' then residual
            else
                contribution
                - portfolio_weight * total_return
                - benchmark_weight * (coalesce(benchmark_return, total_return) - total_return)
        end as effect,
        case
            when effect_null_reason is not null then effect_null_reason
            when segment = 'Benchmark residual' and dimension = 'sector' then 'benchmark_residual'
            when benchmark_return is null then 'no_proxy_price'
        end as null_reason
    from weighted
)

select * from final
