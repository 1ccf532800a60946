-- The published state that a response is based on: the newest publication, the session for a date (the last published
-- one on or before it), the publication in force for that session, which portfolios the user may see, and which of them
-- (portfolio_id: whether this one) are withheld. One row; all null but `readable` before the first publication,
-- as_of_date null before the first session.
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
    ) as readable,
    (
        select
            json_agg(
                json_build_object(
                    'portfolio_id', portfolio_id,
                    'portfolio_name', portfolio_name,
                    'withheld_since', to_char(withheld_since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                    'last_published_date', last_published_date,
                    'reason', reason
                )
                order by portfolio_name, portfolio_id
            )
        from fct_quarantine
        where %(portfolio_id)s::uuid is null or portfolio_id = %(portfolio_id)s::uuid
    ) as withheld
from published
cross join requested_session
left join newest on true
left join covering on true
