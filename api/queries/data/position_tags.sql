-- GET /positions/{id}/tags: the tags of a position on a session. No row: the position is not this user's.
with position as (
    select
        portfolio_id,
        symbol,
        own_tags
    from dim_positions
    where position_id = %(position_id)s::uuid
),

carried as (
    select
        periods.tag,
        periods.is_automatic
    from dim_position_tags as periods
    where
        periods.portfolio_id = any(array(select portfolio_id from position))
        and periods.symbol = any(array(select symbol from position))
        and periods.valid_from <= %(as_of_date)s::date
        and (periods.valid_before is null or periods.valid_before > %(as_of_date)s::date)
    union all
    select
        unnest(own_tags) as tag,
        false as is_automatic
    from position
),

tags as (
    select
        tag,
        bool_and(is_automatic) as is_automatic
    from carried
    group by tag
),

named as (
    select
        tag,
        tag_name,
        color,
        description
    from dim_tags
    where portfolio_id = any(array(select portfolio_id from position))
),

listed as (
    select
        coalesce(json_agg(json_build_object(
            'id', md5(%(user_id)s::text || '/' || tags.tag)::uuid,
            'name', coalesce(named.tag_name, tags.tag),
            'color', coalesce(
                named.color,
                (%(tag_colors)s::text[])[1 + (get_byte(decode(md5(tags.tag), 'hex'), 0) & 7)]
            ),
            'description', named.description,
            'is_automatic', tags.is_automatic
        ) order by coalesce(named.tag_name, tags.tag)), '[]'::json) as body
    from tags
    left join named on tags.tag = named.tag
)

select listed.body::text as body
from listed
where exists (select from position)
