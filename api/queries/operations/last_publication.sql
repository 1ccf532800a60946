-- The current publication. One row of JSON, or none before the first publication.
select
    json_build_object(
        'publication_id', publication_id,
        'as_of_date', max(to_date) over (),
        'published_at', to_char(published_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'age_seconds', floor(extract(epoch from clock_timestamp() - published_at))::bigint
    ) as body
from fct_publications
order by publication_id desc
limit 1
