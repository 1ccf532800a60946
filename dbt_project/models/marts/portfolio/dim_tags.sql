{{ config(materialized='mart', versioned=true, grain=['portfolio_id', 'tag']) }}

-- Tags that a portfolio's positions have or had, and how they are shown: the same in all portfolios of a user.
with portfolios as (
    select * from {{ ref('stg_raw__portfolios') }}
    where removed_on is null or removed_on > {{ to_date() }}
),

positions as (
    select * from {{ ref('int_positions') }}
),

attributes as (
    select * from {{ ref('stg_raw__tag_attributes') }}
),

used as (
    select
        portfolio_id,
        tag,
        false as is_automatic
    from {{ ref('int_position_tags') }}
    union all
    select
        positions.portfolio_id,
        own.tag,
        false as is_automatic
    from positions
    cross join lateral unnest(string_to_array(positions.own_tags, ';')) as own (tag)
    union all
    select
        positions.portfolio_id,
        automatic_tags.tag,
        true as is_automatic
    from {{ ref('int_automatic_tags') }} as automatic_tags
    inner join positions on automatic_tags.position_id = positions.position_id
),

tags as (
    select
        portfolio_id,
        tag,
        bool_and(is_automatic) as is_automatic
    from used
    group by portfolio_id, tag
),

final as (
    select
        tags.portfolio_id,
        tags.tag,
        coalesce(attributes.name, tags.tag) as tag_name,
        attributes.color,
        attributes.description,
        coalesce(attributes.is_archived, false) as is_archived,
        tags.is_automatic,
        attributes.updated_at
    from tags
    inner join portfolios on tags.portfolio_id = portfolios.portfolio_id
    left join attributes on portfolios.owner_email = attributes.owner_email and tags.tag = attributes.tag
)

select * from final
