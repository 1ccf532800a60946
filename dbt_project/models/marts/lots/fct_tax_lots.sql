{{ config(materialized='mart', versioned=true, grain=['method', 'lot_id']) }}

-- What each method leaves open on the last date built, in the shares of that date.
with relief as (
    select * from {{ ref('int_lot_relief') }}
    where disposal_id is null
),

-- what mergers have made of a lot's shares
paths as (
    select * from {{ ref('int_position_paths') }}
    where from_session <= {{ to_date() }} and before_session > {{ to_date() }} and symbol is not null
),

splits as (
    select * from {{ ref('int_split_periods') }}
),

-- once for all methods: a lot's shares are `today_ratio` today for each `entry_ratio` of those that were bought
lots as materialized (
    select
        lots.lot_id,
        case when lots.investment_class = 'PUBLIC' then coalesce(paths.symbol, lots.symbol) else lots.symbol end
            as symbol,
        lots.underlying_symbol,
        lots.investment_class,
        lots.position_type,
        lots.acquired_on,
        lots.is_dated,
        coalesce(bought.cumulative_ratio, 1) * coalesce(paths.ratio, 1) * coalesce(today.cumulative_ratio, 1)
            as today_ratio,
        coalesce(since.cumulative_ratio, 1) as entry_ratio
    from {{ ref('int_tax_lots') }} as lots
    left join paths on lots.lot_id = paths.position_id
    {{ join_split_period('splits', 'bought', 'lots.pricing_symbol', 'lots.acquired_on', since='ex_date') }}
    {{ join_split_period(
        'splits', 'since', 'coalesce(paths.symbol, lots.pricing_symbol)', 'coalesce(paths.since_date, lots.acquired_on)',
        since='ex_date'
    ) }}
    {{ join_split_period('splits', 'today', 'coalesce(paths.symbol, lots.pricing_symbol)', to_date()) }}
),

final as (
    select
        relief.method,
        relief.lot_id,
        relief.portfolio_id,
        relief.lot_method,
        lots.symbol,
        lots.underlying_symbol,
        lots.investment_class,
        lots.position_type,
        lots.acquired_on,
        lots.is_dated,
        cast(
            cast(relief.units as numeric) / 1e12 * lots.today_ratio / lots.entry_ratio
            * (case when relief.is_short then -1 else 1 end) as numeric(38, 6)
        ) as quantity,
        cast(
            cast(relief.opening as numeric) / 100 * (case when relief.is_short then -1 else 1 end) as numeric(38, 2)
        ) as cost_basis,
        cast(cast(relief.basis_adjustment as numeric) / 100 as numeric(38, 2)) as basis_adjustment
    from relief
    inner join lots on relief.lot_id = lots.lot_id
)

select * from final
