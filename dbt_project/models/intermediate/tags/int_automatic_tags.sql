{{ config(materialized='ephemeral') }}

-- Automatic tags of positions: the sector of the symbol (for options, of the underlying), and `options`.
with positions as (
    select * from {{ ref('int_positions') }}
),

profiles as (
    select * from {{ ref('int_symbol_profiles') }}
    where sector is not null
),

final as (
    select
        positions.position_id,
        profiles.sector as tag,
        profiles.valid_from,
        profiles.valid_before
    from positions
    inner join profiles on positions.pricing_symbol = profiles.symbol
    where positions.investment_class <> 'PRIVATE'
    union all
    select
        position_id,
        'options' as tag,
        date '-infinity' as valid_from,
        date 'infinity' as valid_before
    from positions
    where investment_class = 'OPTIONS'
)

select * from final
