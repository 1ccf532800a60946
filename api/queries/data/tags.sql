-- GET /tags/: the tags of the user's portfolios up to a session, by name; those that the user archived or that no
-- position has any longer are archived. GET /tags/{id}: the same for one tag, whose fields are also returned next to
-- the list. A tag's id is md5(user_id '/' tag) as a uuid, which a new name does not change. No row: no such tag.
with portfolios as (
    select
        portfolio_id,
        created_at,
        updated_at
    from dim_portfolios
),

periods as materialized (
    select *
    from dim_position_tags
    where
        portfolio_id = any(array(select portfolio_id from portfolios))
        and valid_from <= %(as_of_date)s::date
),

-- A tag that is both assigned by hand and automatic counts once.
carried as (
    select distinct
        portfolio_id,
        symbol,
        tag
    from periods
    where valid_before is null or valid_before > %(as_of_date)s::date
),

open_positions as (
    select
        position_id,
        portfolio_id,
        symbol
    from fct_position_values
    where
        portfolio_id = any(array(select portfolio_id from portfolios))
        and as_of_date = %(as_of_date)s::date
        and is_open
),

-- Tags of single positions, from the positions file.
owned as materialized (
    select
        dim_positions.position_id,
        dim_positions.portfolio_id,
        own.tag
    from dim_positions
    cross join lateral unnest(dim_positions.own_tags) as own (tag)
    where
        dim_positions.portfolio_id = any(array(select portfolio_id from portfolios))
        and dim_positions.entry_date <= %(as_of_date)s::date
),

carriers as (
    select
        carried.tag,
        open_positions.position_id
    from carried
    left join open_positions
        on carried.portfolio_id = open_positions.portfolio_id and carried.symbol = open_positions.symbol
    union
    select
        owned.tag,
        owned.position_id
    from owned
    inner join open_positions on owned.position_id = open_positions.position_id
),

used as (
    select
        tag,
        count(position_id) as position_count
    from carriers
    group by tag
),

assigned as (
    select
        portfolio_id,
        tag,
        is_automatic,
        created_at,
        updated_at
    from periods
    union all
    select
        portfolio_id,
        tag,
        false as is_automatic,
        null::timestamptz as created_at,
        null::timestamptz as updated_at
    from owned
),

known as (
    select
        assigned.tag,
        bool_and(assigned.is_automatic) as is_automatic,
        min(coalesce(assigned.created_at, portfolios.created_at)) as created_at,
        max(coalesce(assigned.updated_at, portfolios.updated_at)) as updated_at
    from assigned
    inner join portfolios on assigned.portfolio_id = portfolios.portfolio_id
    group by assigned.tag
),

-- The same in all portfolios of the user.
named as (
    select distinct on (tag)
        tag,
        tag_name,
        color,
        description,
        is_archived,
        updated_at
    from dim_tags
    where portfolio_id = any(array(select portfolio_id from portfolios))
    order by tag asc, updated_at desc nulls last
),

tags as (
    select
        md5(%(user_id)s::text || '/' || known.tag)::uuid as id,
        %(user_id)s::uuid as user_id,
        coalesce(named.tag_name, known.tag) as name,
        coalesce(
            named.color,
            (%(tag_colors)s::text[])[1 + (get_byte(decode(md5(known.tag), 'hex'), 0) & 7)]
        ) as color,
        named.description,
        row_number() over (order by coalesce(named.tag_name, known.tag), known.tag) - 1 as display_order,
        coalesce(used.position_count, 0) as usage_count,
        coalesce(used.position_count, 0) as position_count,
        used.tag is null or coalesce(named.is_archived, false) as is_archived,
        known.is_automatic,
        to_char(known.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as created_at,
        to_char(
            greatest(known.updated_at, named.updated_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
        ) as updated_at
    from known
    left join used on known.tag = used.tag
    left join named on known.tag = named.tag
),

wanted as (
    select * from tags
    where %(tag_id)s::uuid is null or id = %(tag_id)s::uuid
),

page as (
    select * from wanted
    where %(include_archived)s::boolean or not is_archived
    order by display_order
    limit %(limit)s offset %(offset)s
),

listed as (
    select coalesce(jsonb_agg(to_jsonb(page) order by page.display_order), '[]'::jsonb) as body
    from page
),

counted as (
    select
        count(*) filter (where %(include_archived)s::boolean or not is_archived) as total,
        count(*) filter (where not is_archived) as active_count,
        count(*) filter (where is_archived) as archived_count
    from wanted
),

envelope as (
    select
        listed.body -> 0 as first_tag,
        jsonb_build_object(
            'tags', listed.body,
            'total', counted.total,
            'active_count', counted.active_count,
            'archived_count', counted.archived_count
        ) as body
    from listed
    cross join counted
)

select
    case
        when %(tag_id)s::uuid is null then envelope.body
        else envelope.first_tag || envelope.body
    end::text as body
from envelope
where %(tag_id)s::uuid is null or exists (select from wanted)
