-- A missing or duplicated sector would show every portfolio as over- or underweight against the benchmark.
-- Published weights are rounded to a tenth of a percent, so that their sum may differ from 1 by the rounding.
select
    benchmark,
    effective_date,
    sum(weight) as weight,
    count(*) as sectors
from {{ ref('benchmark_sector_weights') }}
group by benchmark, effective_date
having abs(sum(weight) - 1) > 0.0055 or min(weight) <= 0 or count(distinct gics_sector) <> 11
