-- What symbols, sectors and factors (part_of) contribute to one-day historical value at risk and expected shortfall, at
-- a confidence of 0.95.
with tail_parts as (
    select
        portfolios.portfolio_name,
        facts.as_of_date,
        kinds.part_of,
        measures.measure,
        parts.part,
        parts.component,
        parts.share, -- noqa: RF04
        parts.standalone, -- noqa: RF04
        parts.incremental,
        parts.total,
        parts.null_reason,
        facts.quality_flag,
        facts.coverage_of_equity
    from fct_portfolio_risk as facts
    inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
    cross join (values ('symbol'), ('sector'), ('factor')) as kinds (part_of)
    cross join (values ('var'), ('es')) as measures (measure)
    cross join
        lateral udf.portfolio_risk_contributions(
            facts.portfolio_id, facts.as_of_date, measures.measure, 0.95, kinds.part_of
        ) as parts (
            part, position_id, symbol, exposure, standalone, marginal, component, share, -- noqa: RF04
            incremental, total, position_count, measured_count, null_reason
        )
    where
        facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
        and facts.as_of_date = %(as_of_date)s::date
)

select *
from tail_parts
