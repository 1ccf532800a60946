-- What each segment of a dimension did to the return of the range against the benchmark: allocation and selection. The
-- query has the part `attributed`.
with attributed_segments as (
    select
        attributed.portfolio_name,
        attributed.as_of_date,
        attributed.from_date,
        attributed.time_weighted,
        attributed.benchmark_symbol,
        attributed.excess,
        attributed.time_weighted_null_reason,
        dimensions.dimension,
        linked.segment,
        linked.portfolio_weight,
        linked.benchmark_weight,
        linked.contribution,
        linked.allocation,
        linked.selection,
        linked.effect,
        linked.null_reason
    from attributed
    cross join (values ('sector'), ('investment_class'), ('tag')) as dimensions (dimension)
    cross join
        lateral udf.portfolio_attribution(
            attributed.portfolio_id, attributed.from_date, attributed.as_of_date, dimensions.dimension, 'carino'
        ) as linked (
            segment, sessions, portfolio_weight, benchmark_weight, contribution, benchmark_return, allocation,
            selection, effect, null_reason, coverage -- noqa: RF04
        )
)

select *
from attributed_segments
