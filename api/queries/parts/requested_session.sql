-- The sessions that are published, and the last of them on or before a date (null: the last one). as_of_date is null
-- before the first. portfolio_id: of a withheld portfolio, up to its own last session (null: of no single portfolio).
with published as (
    select
        min(from_date) as first_date,
        least(
            max(to_date),
            (
                select last_published_date
                from fct_quarantine
                where portfolio_id = %(portfolio_id)s::uuid
            )
        ) as last_date
    from fct_publications
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
)

select *
from requested_session
