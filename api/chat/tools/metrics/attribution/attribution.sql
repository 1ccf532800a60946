-- Where the return of the year to date came from, by sector: allocation and selection against the benchmark.
-- with attributed, attributed_segments
select
    portfolio_name,
    as_of_date,
    from_date,
    time_weighted,
    benchmark_symbol,
    excess,
    time_weighted_null_reason,
    segment,
    portfolio_weight,
    benchmark_weight,
    contribution,
    allocation,
    selection,
    effect,
    null_reason
from attributed_segments
where dimension = 'sector'
order by portfolio_name, effect desc nulls last, contribution desc, segment
