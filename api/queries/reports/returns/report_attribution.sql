-- Attribution of the year to date by sector, investment class and tag, the largest effect first. No row: the portfolio
-- has no returns of it.
with attributed as (
    select
        from_date,
        as_of_date as to_date
    from fct_returns_by_period
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and period = 'YTD'
        and time_weighted is not null
)

select
    named.dimension,
    linked.segment,
    linked.sessions,
    linked.portfolio_weight,
    linked.benchmark_weight,
    linked.contribution,
    linked.benchmark_return,
    linked.allocation,
    linked.selection,
    linked.effect,
    linked.null_reason,
    linked.coverage
from attributed
cross join (values ('sector'), ('investment_class'), ('tag')) as named (dimension)
cross join
    lateral udf.portfolio_attribution(
        %(portfolio_id)s::uuid, attributed.from_date, attributed.to_date, named.dimension, 'carino'
    ) as linked
order by named.dimension, linked.effect desc nulls last, linked.contribution desc, linked.segment
