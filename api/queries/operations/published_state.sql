-- The published state that a response is based on: the newest publication, the session for a date (the last published
-- one on or before it), the publication in force for that session, and which portfolios the user may see. One row; all
-- null but `readable` before the first publication, as_of_date null before the first session.
-- with requested_session
with newest as (
    select
        publication_id,
        published_at
    from fct_publications
    order by publication_id desc
    limit 1
),

covering as (
    select publications.publication_id
    from fct_publications as publications
    inner join requested_session
        on requested_session.as_of_date between publications.from_date and publications.to_date
    order by publications.publication_id desc
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
