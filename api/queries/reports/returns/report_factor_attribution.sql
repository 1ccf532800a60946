-- What the factors of the risk model did to the return of the year to date, the largest contribution first. No row: the
-- portfolio has no return of it.
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
    linked.factor,
    linked.sessions,
    linked.beta,
    linked.contribution,
    linked.null_reason,
    linked.coverage
from attributed
cross join
    lateral udf.portfolio_factor_attribution(
        %(portfolio_id)s::uuid, attributed.from_date, attributed.to_date, 'carino'
    ) as linked
order by abs(linked.contribution) desc nulls last, linked.factor
