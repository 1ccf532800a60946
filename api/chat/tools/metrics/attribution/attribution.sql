-- Where the return of the year to date came from, by sector: allocation and selection against the benchmark.
-- with attributed
select
    attributed.portfolio_name,
    attributed.as_of_date,
    attributed.from_date,
    attributed.time_weighted,
    attributed.benchmark_symbol,
    attributed.excess,
    attributed.time_weighted_null_reason,
    linked.segment,
    linked.portfolio_weight,
    linked.benchmark_weight,
    linked.contribution,
    linked.allocation,
    linked.selection,
    linked.effect,
    linked.null_reason
from attributed
cross join
    lateral udf.portfolio_attribution(
        attributed.portfolio_id, attributed.from_date, attributed.as_of_date, 'sector', 'carino'
    ) as linked (
        segment, sessions, portfolio_weight, benchmark_weight, contribution, benchmark_return, allocation, selection,
        effect, null_reason, coverage -- noqa: RF04
    )
order by attributed.portfolio_name, linked.effect desc nulls last, linked.contribution desc, linked.segment
