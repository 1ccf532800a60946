{{ config(materialized='ephemeral') }}

-- All lots under each method: those of which something was disposed, or that have others beside them, as the kernel
-- relieves them; the others are whole, and the same under every method.
with relieved as (
    select * from {{ ref('int_relieved_lots') }}
),

whole_lots as (
    select * from {{ ref('int_tax_lots') }}
    where is_whole
),

methods as (
    select applied.method
    from unnest(array['fifo', 'lifo', 'hifo', 'average', 'specific', 'portfolio']) as applied (method)
),

-- the method of each portfolio from its newest date on; null: the default
in_force as (
    select distinct on (portfolio_id)
        portfolio_id,
        lot_method
    from {{ ref('stg_raw__lot_methods') }}
    order by portfolio_id asc, effective_date desc
),

final as (
    select
        portfolio_id,
        symbol,
        is_short,
        method,
        lot_method,
        disposal_id,
        lot_id,
        part,
        units,
        opening,
        closing,
        wash_disallowed,
        basis_adjustment,
        tacked_days
    from relieved
    union all
    select
        whole_lots.portfolio_id,
        whole_lots.symbol,
        whole_lots.is_short,
        methods.method,
        case methods.method
            when 'portfolio' then coalesce(in_force.lot_method, 'fifo')
            else methods.method
        end as lot_method,
        cast(null as uuid) as disposal_id,
        whole_lots.lot_id,
        1 as part,
        whole_lots.units,
        whole_lots.opening,
        cast(null as text) as closing,
        '0' as wash_disallowed,
        '0' as basis_adjustment,
        0 as tacked_days
    from whole_lots
    cross join methods
    left join in_force on whole_lots.portfolio_id = in_force.portfolio_id
)

select * from final
