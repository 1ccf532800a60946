-- The published state that a response is based on: the newest publication, the session for a date (the last published
-- one on or before it), the publication in force for that session, and which portfolios the user may see. One row; all
-- null but `readable` before the first publication, as_of_date null before the first session.
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

-- The NYSE is never closed for two weeks: 14 days of the calendar, read by its key, are enough.
requested_session as (
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

covering as (
    select publications.publication_id
    from fct_publications as publications
    inner join requested_session
        on requested_session.as_of_date between publications.from_date and publications.to_date
    order by publications.published_at desc
    limit 1
)

select
    newest.publication_id as newest_publication_id,
    newest.published_at,
    published.first_date,
    requested_session.as_of_date,
    covering.publication_id,
    (
        select coalesce(md5(string_agg(portfolio_id::text, ',' order by portfolio_id)), '')
        from access.readable_portfolio_ids() as readable (portfolio_id)
    ) as readable
from published
cross join requested_session
left join newest on true
left join covering on true
