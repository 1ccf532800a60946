{{ config(materialized='mart', versioned=true, grain=['method', 'disposal_id', 'lot_id', 'part']) }}

-- What was realized, by the lots that each method relieves, and by the cash of mergers into shares, which comes to the
-- lots held whatever the method. Wash sales stand beside the gain and do not change it.
with relief as (
    select * from {{ ref('int_lot_relief') }}
    where disposal_id is not null
),

lots as (
    select * from {{ ref('int_tax_lots') }}
),

disposals as (
    select * from {{ ref('int_lot_disposals') }}
),

relieved as (
    select
        relief.*,
        lots.underlying_symbol,
        lots.investment_class,
        lots.position_type,
        lots.acquired_on,
        lots.is_dated,
        disposals.kind,
        disposals.disposed_on,
        disposals.quantity * cast(relief.units as numeric) / cast(disposals.units as numeric) as disposed_quantity,
        cast(case when relief.is_short then relief.opening else relief.closing end as numeric) / 100 as received,
        cast(case when relief.is_short then relief.closing else relief.opening end as numeric) / 100 as paid,
        cast(relief.wash_disallowed as numeric) / 100 as disallowed,
        cast(relief.basis_adjustment as numeric) / 100 as adjustment
    from relief
    inner join lots on relief.lot_id = lots.lot_id
    inner join disposals on relief.disposal_id = disposals.disposal_id
    -- what leaves the portfolio at its cost realizes nothing
    where not disposals.is_transfer
),

merged as (
    {{ merger_cash() }}
),

realized as (
    select
        method,
        disposal_id,
        lot_id,
        part,
        portfolio_id,
        lot_method,
        kind,
        symbol,
        underlying_symbol,
        investment_class,
        position_type,
        is_short,
        acquired_on,
        is_dated,
        disposed_on,
        disposed_quantity,
        received,
        paid,
        disallowed,
        adjustment,
        tacked_days
    from relieved
    union all
    select * from merged
),

final as (
    select
        method,
        disposal_id,
        lot_id,
        part,
        portfolio_id,
        lot_method,
        kind,
        symbol,
        underlying_symbol,
        investment_class,
        position_type,
        acquired_on,
        disposed_on,
        cast(disposed_quantity as numeric(38, 6)) as quantity,
        cast(received as numeric(38, 2)) as proceeds,
        cast(paid as numeric(38, 2)) as basis,
        cast(received - paid as numeric(38, 2)) as gain,
        case when is_dated then disposed_on - acquired_on end as holding_days,
        {{ holding_term('acquired_on') }} as term,
        case when not is_short and not is_dated then 'acquisition_date_assumed' end as term_null_reason,
        cast(disallowed as numeric(38, 2)) as wash_disallowed,
        cast(adjustment as numeric(38, 2)) as basis_adjustment,
        tacked_days,
        cast(received - paid + disallowed - adjustment as numeric(38, 2)) as gain_after_wash_sales,
        {{ holding_term('acquired_on - tacked_days') }} as term_after_wash_sales
    from realized
)

select * from final
