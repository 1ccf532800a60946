-- What symbols and factors (part_of) and the benchmark contribute to the tracking error ex ante.
with active_parts as (
    select
        portfolios.portfolio_name,
        facts.as_of_date,
        facts.benchmark_symbol,
        kinds.part_of,
        parts.part,
        parts.portfolio_exposure,
        parts.benchmark_exposure,
        parts.active_exposure,
        parts.marginal,
        parts.contribution,
        parts.share, -- noqa: RF04
        facts.tracking_error_ex_ante,
        parts.null_reason,
        facts.coverage_of_equity
    from fct_benchmark_risk as facts
    inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
    cross join (values ('symbol'), ('factor')) as kinds (part_of)
    cross join
        lateral udf.portfolio_active_risk(facts.portfolio_id, facts.as_of_date, kinds.part_of) as parts (
            part, position_id, symbol, portfolio_exposure, benchmark_exposure, active_exposure, marginal,
            contribution, share, total, position_count, measured_count, null_reason -- noqa: RF04
        )
    where
        facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
        and facts.as_of_date = %(as_of_date)s::date
)

select *
from active_parts
