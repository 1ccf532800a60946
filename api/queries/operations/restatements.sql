-- GET /restatements: figures that a later publication changed, newest first: of the user's portfolios, and of no
-- portfolio (prices, betas of symbols). No row: the portfolio asked for is not this user's. One extra row shows whether
-- there are more, as a count would have to read all of them.
with chosen as (
    select *
    from fct_restatements
    where
        (%(mart)s::text is null or mart = %(mart)s::text)
        and (%(portfolio_id)s::uuid is null or portfolio_id = %(portfolio_id)s::uuid)
        and (%(publication_id)s::bigint is null or publication_id = %(publication_id)s::bigint)
        and (%(requested_date)s::date is null or as_of_date = %(as_of_date)s::date)
    order by publication_id desc, as_of_date desc, mart, key, column_name
    limit %(limit)s + 1 offset %(offset)s
),

numbered as (
    select
        *,
        row_number() over (order by publication_id desc, as_of_date desc, mart, key, column_name) as place
    from chosen
),

page as (
    select
        publication_id,
        as_of_date,
        mart,
        key,
        portfolio_id,
        column_name,
        old_value,
        new_value,
        to_char(published_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as published_at
    from numbered
    where place <= %(limit)s
    order by place
)

select
    json_build_object(
        'restatements', coalesce((select json_agg(page) from page), '[]'::json),
        'limit', %(limit)s::integer,
        'offset', %(offset)s::integer,
        'truncated', (select count(*) > %(limit)s from numbered)
    )::text as body
where
    %(portfolio_id)s::uuid is null
    or exists (
        select from dim_portfolios
        where portfolio_id = %(portfolio_id)s::uuid
    )
