{{ config(materialized='mart', versioned=true, grain=['method', 'lot_id']) }}

-- What each method leaves open on the last date built, in the shares of that date.
with relief as (
    select * from {{ ref('int_lot_relief') }}
    where disposal_id is null
),

lots as (
    select * from {{ ref('int_tax_lots') }}
),

splits as (
    select * from {{ ref('int_split_periods') }}
),

final as (
    select
        relief.method,
        relief.lot_id,
        relief.portfolio_id,
        relief.lot_method,
        relief.symbol,
        lots.underlying_symbol,
        lots.investment_class,
        lots.position_type,
        lots.acquired_on,
        lots.is_dated,
        cast(
            cast(relief.units as numeric) / 1e12 * coalesce(today.cumulative_ratio, 1)
            * (case when relief.is_short then -1 else 1 end) as numeric(38, 6)
        ) as quantity,
        cast(
            cast(relief.opening as numeric) / 100 * (case when relief.is_short then -1 else 1 end) as numeric(38, 2)
        ) as cost_basis,
        cast(cast(relief.basis_adjustment as numeric) / 100 as numeric(38, 2)) as basis_adjustment
    from relief
    inner join lots on relief.lot_id = lots.lot_id
    {{ join_split_period('splits', 'today', 'lots.pricing_symbol', to_date()) }}
)

select * from final
