-- Gains by lot must be those that the positions' P&L shows: those of the lots that statements close add up to the
-- realized P&L of the positions that end. Part 0 is the cash of a merger, before the end.
with gains as (
    {{ newest_versions(ref('fct_realized_gains'), ['method', 'disposal_id', 'lot_id', 'part']) }}
),

specific as (
    select
        disposal_id as position_id,
        sum(gain) as gain
    from gains
    where method = 'specific' and part > 0
    group by disposal_id
),

disposals as (
    select * from {{ ref('int_lot_disposals') }}
    where stated_by = 'statement'
),

ended as (
    select
        position_id,
        portfolio_id,
        realized_pnl
    from ({{ tested_rows(ref('int_position_values')) }}) as tested
    where not is_open
)

select
    ended.portfolio_id,
    ended.position_id
from ended
inner join disposals on ended.position_id = disposals.disposal_id
left join specific on ended.position_id = specific.position_id
where specific.gain is distinct from ended.realized_pnl
