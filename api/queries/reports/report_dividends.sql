-- Dividends on their ex-dates over the last year up to the close, the newest first; negative on short positions.
select
    as_of_date as ex_date,
    symbol,
    sum(quantity) as quantity,
    sum(dividends) as dividends
from fct_position_values
where
    portfolio_id = %(portfolio_id)s::uuid
    and as_of_date > (%(as_of_date)s::date - interval '1 year')::date
    and as_of_date <= %(as_of_date)s::date
    and dividends <> 0
group by as_of_date, symbol
order by as_of_date desc, symbol
