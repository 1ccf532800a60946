{{ config(materialized='mart', versioned=true, grain=['portfolio_id', 'symbol', 'tag', 'is_automatic', 'valid_from']) }}

-- Tags of a portfolio's symbols with their periods, which never start before the first entry of the symbol.
with positions as (
    select * from {{ ref('int_positions') }}
    where removed_on is null or removed_on > {{ to_date() }}
),

given_tags as (
    select * from {{ ref('int_position_tags') }}
),

automatic_tags as (
    select * from {{ ref('int_automatic_tags') }}
),

held as (
    select
        portfolio_id,
        symbol,
        min(entry_date) as first_entry_date
    from positions
    group by portfolio_id, symbol
),

carried as (
    select
        portfolio_id,
        symbol,
        tag,
        false as is_automatic,
        valid_from,
        valid_before,
        created_at,
        updated_at
    from given_tags
    union all
    -- distinct: all lots of a symbol have the same automatic tags
    select distinct
        positions.portfolio_id,
        positions.symbol,
        automatic_tags.tag,
        true as is_automatic,
        automatic_tags.valid_from,
        automatic_tags.valid_before,
        cast(null as timestamptz) as created_at,
        cast(null as timestamptz) as updated_at
    from automatic_tags
    inner join positions on automatic_tags.position_id = positions.position_id
),

final as (
    select
        carried.portfolio_id,
        carried.symbol,
        carried.tag,
        carried.is_automatic,
        greatest(carried.valid_from, held.first_entry_date) as valid_from,
        nullif(carried.valid_before, date 'infinity') as valid_before,
        carried.created_at,
        carried.updated_at
    from carried
    inner join held on carried.portfolio_id = held.portfolio_id and carried.symbol = held.symbol
    where carried.valid_before > held.first_entry_date
)

select * from final
