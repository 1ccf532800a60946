{{ config(materialized='build_table', indexes=[{'columns': ['portfolio_id', 'lot_id'], 'unique': true}]) }}

-- Lots of portfolios that are not removed or withheld, cash apart. Shares count in units of 10^-12 of a share before
-- any split, money in cents, both as text: a kernel that counts in integers loses nothing.
with positions as (
    select * from {{ ref('int_positions') }} as positions
    where
        not is_cash
        and first_session <= {{ to_date() }}
        and (removed_on is null or removed_on > {{ to_date() }})
        and {{ is_not_excluded('positions') }}
),

-- a merger's cash takes part of the cost of what is still held
paths as (
    select * from {{ ref('int_position_paths') }}
),

splits as (
    select * from {{ ref('int_split_periods') }}
),

final as (
    select
        positions.position_id as lot_id,
        positions.portfolio_id,
        positions.symbol,
        positions.quantity < 0 as is_short,
        positions.underlying_symbol,
        positions.pricing_symbol,
        positions.investment_class,
        positions.position_type,
        positions.entry_date as acquired_on,
        not positions.is_entry_assumed as is_dated,
        cast(cast(
            abs(positions.quantity) * 1e12 / coalesce(bought.cumulative_ratio, 1) as numeric(38, 0)
        ) as text) as units,
        cast(cast(abs(coalesce(kept.cost_left, positions.cost_basis)) * 100 as numeric(38, 0)) as text) as opening,
        cast(
            positions.entry_price * positions.contract_multiplier * coalesce(bought.cumulative_ratio, 1) as text
        ) as price
    from positions
    left join paths as kept
        on
            positions.position_id = kept.position_id
            and kept.from_session <= least(positions.last_session, {{ to_date() }})
            and kept.before_session > least(positions.last_session, {{ to_date() }})
            and kept.symbol is not null
    {{ join_split_period('splits', 'bought', 'positions.pricing_symbol', 'positions.entry_date', since='ex_date') }}
)

select * from final
