-- GET /publications: the publications, newest first. requested_date: only those that cover the session. One row.
with chosen as (
    select *
    from fct_publications
    where %(requested_date)s::date is null or %(as_of_date)s::date between from_date and to_date
),

page as (
    select
        publication_id,
        from_date,
        to_date,
        to_char(published_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as published_at,
        to_char(known_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as known_at,
        dbt_invocation_id,
        git_revision,
        tests_passed,
        tests_warned
    from chosen
    order by publication_id desc
    limit %(limit)s offset %(offset)s
)

select
    json_build_object(
        'publications', coalesce((select json_agg(page) from page), '[]'::json),
        'total', (select count(*) from chosen),
        'limit', %(limit)s::integer,
        'offset', %(offset)s::integer,
        'truncated', %(offset)s + (select count(*) from page) < (select count(*) from chosen)
    )::text as body
