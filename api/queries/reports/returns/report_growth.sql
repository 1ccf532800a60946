-- Time-weighted return since inception by session, beside that of the benchmark.
select
    as_of_date,
    time_weighted,
    benchmark
from udf.portfolio_series(%(portfolio_id)s::uuid, null, %(as_of_date)s::date)
where session_number > 0
order by session_number
