-- Gains realized under the lot method in force, by year, the newest first. No row: nothing was sold or expired.
select
    extract(year from disposed_on)::integer as calendar_year,
    count(*) as lot_count,
    sum(proceeds) as proceeds,
    sum(basis) as basis,
    coalesce(sum(gain) filter (where term = 'short'), 0) as short_term,
    coalesce(sum(gain) filter (where term = 'long'), 0) as long_term,
    coalesce(sum(gain) filter (where term is null), 0) as unknown_term,
    sum(gain) as gain,
    sum(wash_disallowed) as wash_disallowed,
    sum(gain_after_wash_sales) as gain_after_wash_sales
from fct_realized_gains
where
    portfolio_id = %(portfolio_id)s::uuid
    and method = 'portfolio'
    and disposed_on <= %(as_of_date)s::date
group by extract(year from disposed_on)
order by extract(year from disposed_on) desc
