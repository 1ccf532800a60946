-- What an answer stands on: the newest publication, the session that answers for a date (the last published
-- one on or before it), the publication that speaks for that session, and which portfolios the user may see.
-- One row; all null but `readable` before the first publication, as_of_date null before the first session.
with published as (
    select
        min(from_date) as first_date,
        max(to_date) as last_date
    from fct_publications
),

newest as (
    select
        publication_id,
        published_at
    from fct_publications
    order by published_at desc
    limit 1
),

-- The NYSE never closed for two weeks: the calendar is read from there on, by its key.
session_asked_for as (
    select max(dim_dates.as_of_date) as as_of_date
    from dim_dates
    where
        dim_dates.is_trading_day
        and dim_dates.as_of_date >= (
            select greatest(first_date, least(%(as_of_date)s::date, last_date) - 14)
            from published
        )
        and dim_dates.as_of_date <= (
            select least(%(as_of_date)s::date, last_date)
            from published
        )
),

speaking as (
    select publications.publication_id
    from fct_publications as publications
    inner join session_asked_for
        on session_asked_for.as_of_date between publications.from_date and publications.to_date
    order by publications.published_at desc
    limit 1
)

select
    newest.publication_id as newest_publication_id,
    newest.published_at,
    published.first_date,
    session_asked_for.as_of_date,
    speaking.publication_id,
    (
        select coalesce(md5(string_agg(portfolio_id::text, ',' order by portfolio_id)), '')
        from access.readable_portfolio_ids() as readable (portfolio_id)
    ) as readable
from published
cross join session_asked_for
left join newest on true
left join speaking on true
