-- What symbols and factors contribute to one-day historical value at risk (0.95), largest first, those without figures
-- last.
select
    kinds.part_of,
    parts.part,
    parts.component,
    parts.share, -- noqa: RF04
    parts.standalone, -- noqa: RF04
    parts.incremental,
    parts.null_reason
from (values ('symbol'), ('factor')) as kinds (part_of)
cross join
    lateral udf.portfolio_risk_contributions(
        %(portfolio_id)s::uuid, %(as_of_date)s::date, 'var', 0.95, kinds.part_of
    ) as parts
order by kinds.part_of desc, abs(parts.component) desc nulls last, parts.part
