-- The instant of the very first publication, regardless of the session's published_at. One row.
select to_char(min(published_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as published_at
from marts.fct_publications
