-- What symbols and the benchmark contribute to the tracking error ex ante, the largest first.
-- with active_parts
select
    portfolio_name,
    as_of_date,
    benchmark_symbol,
    part,
    portfolio_exposure,
    benchmark_exposure,
    active_exposure,
    marginal,
    contribution,
    share,
    tracking_error_ex_ante,
    null_reason,
    coverage_of_equity
from active_parts
where part_of = 'symbol'
order by portfolio_name, abs(contribution) desc nulls last, part
