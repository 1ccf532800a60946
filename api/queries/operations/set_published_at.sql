-- For this transaction only: read the marts as published at an instant (the views of marts_at).
select
    set_config('sigmasight.published_at', %(published_at)s::timestamptz::text, true) as published_at,
    set_config('search_path', 'marts_at', true) as search_path
