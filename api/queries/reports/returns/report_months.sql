-- Returns by calendar month since inception, beside those of the benchmark.
select
    month_begins,
    time_weighted,
    benchmark,
    excess
from udf.portfolio_months(%(portfolio_id)s::uuid, null, %(as_of_date)s::date)
order by month_begins
