-- How many positions are not valued at a price of the day, and why: from counts by flag in the CTE `price_flags`.
with flagged as (
    select
        coalesce(sum(position_count), 0) as flagged_count,
        coalesce(
            sum(position_count) filter (where price_flag in ('stale_price', 'missing_price', 'dead_symbol')), 0
        ) as late_count,
        string_agg(concat(price_flag, ' ', position_count), ', ' order by price_flag) as reasons
    from price_flags
    where price_flag is not null
)

select *
from flagged
