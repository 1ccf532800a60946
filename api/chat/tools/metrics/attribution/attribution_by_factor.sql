-- What the factors of the risk model did to the return of the year to date; with Specific and Private they add up.
-- with attributed
select
    attributed.portfolio_name,
    attributed.as_of_date,
    attributed.from_date,
    attributed.time_weighted,
    attributed.time_weighted_null_reason,
    linked.factor,
    linked.beta,
    linked.contribution,
    linked.null_reason
from attributed
cross join
    lateral udf.portfolio_factor_attribution(
        attributed.portfolio_id, attributed.from_date, attributed.as_of_date, 'carino'
    ) as linked (factor, sessions, beta, contribution, null_reason, coverage)
order by attributed.portfolio_name, abs(linked.contribution) desc nulls last, linked.factor
