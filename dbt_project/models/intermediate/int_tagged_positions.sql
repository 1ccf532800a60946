-- Positions with the tags they carry on the last date built.
with positions as (
    select * from {{ ref('int_positions') }}
),

tags as (
    select * from {{ ref('int_position_tags') }}
    where {{ to_date() }} >= valid_from and {{ to_date() }} < valid_before
),

tag_lists as (
    select
        portfolio_id,
        symbol,
        array_agg(tag order by tag) as tags
    from tags
    group by portfolio_id, symbol
),

final as (
    select
        positions.*,
        coalesce(tag_lists.tags, cast(array[] as text[])) as tags
    from positions
    left join tag_lists
        on positions.portfolio_id = tag_lists.portfolio_id and positions.symbol = tag_lists.symbol
)

select * from final
