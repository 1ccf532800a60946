-- What the symbols contribute to value at risk and expected shortfall.
-- with tail_parts
select
    portfolio_name,
    as_of_date,
    measure,
    part,
    component,
    share,
    standalone,
    incremental,
    total,
    null_reason,
    quality_flag,
    coverage_of_equity
from tail_parts
where part_of = 'symbol'
order by portfolio_name, measure, abs(component) desc nulls last, part
