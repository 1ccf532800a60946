{{ config(materialized='ephemeral') }}

-- The tags of each position on each session that is built: assigned to its symbol, to the lot itself, and automatic. A
-- tag that a position has in more than one way counts once.
with position_values as (
    select
        position_id,
        as_of_date,
        portfolio_id,
        symbol
    from {{ ref('int_position_values') }}
    where {{ is_being_built() }}
),

tags as (
    select * from {{ ref('int_position_tags') }}
),

own_tags as (
    select
        positions.position_id,
        own.tag
    from {{ ref('int_positions') }} as positions
    cross join lateral unnest(string_to_array(positions.own_tags, ';')) as own (tag)
),

automatic_tags as (
    select * from {{ ref('int_automatic_tags') }}
),

final as (
    select
        position_values.position_id,
        position_values.as_of_date,
        tags.tag
    from position_values
    inner join tags
        on
            position_values.portfolio_id = tags.portfolio_id
            and position_values.symbol = tags.symbol
            and position_values.as_of_date >= tags.valid_from
            and position_values.as_of_date < tags.valid_before
    union distinct
    select
        position_values.position_id,
        position_values.as_of_date,
        automatic_tags.tag
    from position_values
    inner join automatic_tags
        on
            position_values.position_id = automatic_tags.position_id
            and position_values.as_of_date >= automatic_tags.valid_from
            and position_values.as_of_date < automatic_tags.valid_before
    union distinct
    select
        position_values.position_id,
        position_values.as_of_date,
        own_tags.tag
    from position_values
    inner join own_tags on position_values.position_id = own_tags.position_id
)

select * from final
