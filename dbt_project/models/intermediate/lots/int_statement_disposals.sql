{{ config(materialized='build_table', indexes=[{'columns': ['portfolio_id', 'disposal_id'], 'unique': true}]) }}

-- What statements say was disposed of: each lot that was sold, covered or expired by the last date built, at the value
-- that is published for that session.
with lots as (
    select * from {{ ref('int_statement_lots') }}
),

positions as (
    select * from {{ ref('int_positions') }}
    where last_session <= {{ to_date() }}
),

ends as (
    {{ ended_positions('positions') }}
),

final as (
    select
        lots.portfolio_id,
        lots.symbol,
        lots.is_short,
        positions.position_id as disposal_id,
        lots.lot_id,
        case positions.closed_by when 'settlement' then 'expiry' when 'merger' then 'merger' else 'exit' end as kind,
        greatest(
            case positions.closed_by
                when 'settlement' then positions.expiration_date
                when 'merger' then positions.last_session
                else positions.exit_date
            end,
            lots.acquired_on
        ) as disposed_on,
        abs(ends.quantity) as quantity,
        lots.units,
        false as is_transfer,
        cast(cast(abs(ends.cost_basis + ends.realized_pnl) * 100 as numeric(38, 0)) as text) as closing
    from ends
    inner join positions on ends.position_id = positions.position_id
    inner join lots on positions.position_id = lots.lot_id
)

select * from final
