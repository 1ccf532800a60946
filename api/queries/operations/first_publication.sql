-- The instant of the first publication of all, whatever instant the session looks at. One row.
select to_char(min(published_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as published_at
from marts.fct_publications
