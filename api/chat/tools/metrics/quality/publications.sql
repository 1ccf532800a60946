-- The last ten publications up to now, the newest first.
select
    publication_id,
    published_at,
    from_date,
    to_date,
    cause,
    tests_passed,
    tests_warned
from fct_publications
order by publication_id desc
limit 10
