-- What factors and symbols, and the benchmark, contribute to the tracking error ex ante, largest first, those without
-- figures last.
select
    kinds.part_of,
    parts.part,
    parts.portfolio_exposure,
    parts.benchmark_exposure,
    parts.active_exposure,
    parts.contribution,
    parts.share, -- noqa: RF04
    parts.null_reason
from (values ('symbol'), ('factor')) as kinds (part_of)
cross join
    lateral udf.portfolio_active_risk(
        %(portfolio_id)s::uuid, %(as_of_date)s::date, kinds.part_of
    ) as parts
order by kinds.part_of asc, abs(parts.contribution) desc nulls last, parts.part asc
