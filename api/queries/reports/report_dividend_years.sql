-- Dividends by calendar year up to the close.
select
    extract(year from as_of_date)::integer as calendar_year,
    sum(dividends) as dividends
from fct_position_values
where
    portfolio_id = %(portfolio_id)s::uuid
    and as_of_date <= %(as_of_date)s::date
    and dividends <> 0
group by extract(year from as_of_date)
order by extract(year from as_of_date)
