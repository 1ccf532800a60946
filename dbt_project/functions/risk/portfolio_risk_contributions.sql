-- Euler contributions to the historical value at risk or expected shortfall (Tasche 1999): a part's own weighted loss on
-- the sessions that make the figure of the portfolio.
with tail as (
    select * from {{ udf('portfolio_tail_weights') }}(
        portfolio_risk_contributions.portfolio_id, portfolio_risk_contributions.as_of_date, measure, confidence
    )
),

positions as (
    select * from {{ udf('portfolio_parts') }}(
        portfolio_risk_contributions.portfolio_id, portfolio_risk_contributions.as_of_date, part_of
    )
),

parts as (
    select
        part,
        case when part_of = 'position' then min(cast(position_id as text)) end as position_id,
        case when part_of = 'position' then min(symbol) end as symbol,
        count(position_id) as position_count,
        count(position_id) filter (where null_reason is null) as measured_count,
        bool_or(null_reason is null) as is_measured,
        min(null_reason) as null_reason,
        cast(sum(delta_adjusted_exposure) filter (where null_reason is null) as double precision) as exposure,
        cast({{ sum_of_vectors('outcomes', 'units', order='position_id, units, outcomes') }} as real[]) as outcomes
    from positions
    group by part
),

-- part by part: sorting the outcomes of all parts together would compare their names
sums as (
    select
        parts.part,
        of_part.*
    from parts
    cross join lateral (
        select
            -sum(weight * outcome order by session_number) as component,
            array_agg(outcome order by outcome) as own,
            array_agg(total - outcome order by total - outcome) as others
        from (
            select
                tail.session_number,
                tail.weight,
                tail.outcome as total,
                -- cash moves with nothing
                coalesce(cast(parts.outcomes[tail.session_number] as double precision), 0) as outcome
            from tail
        ) as by_session
    ) as of_part
    where parts.is_measured
),

quantiles as (
    select
        *,
        {{ quantile_of('own', 'confidence') }} as own_quantile,
        {{ quantile_of('others', 'confidence') }} as others_quantile
    from sums
),

measured as (
    select
        part,
        component,
        {{ tail_risk('own', 'own_quantile') }} as standalone, -- noqa: RF04
        {{ tail_risk('others', 'others_quantile') }} as risk_of_others
    from quantiles
),

figure as (
    select
        max(risk) as risk,
        bool_or(weight is not null) as has_weights
    from tail
)

select
    parts.part,
    cast(parts.position_id as uuid) as position_id,
    parts.symbol,
    parts.exposure,
    measured.standalone,
    -- adding 0 turns -0 into 0
    0 + measured.component / nullif(parts.exposure, 0) as marginal,
    0 + measured.component as component, -- noqa: RF04
    0 + measured.component / nullif(figure.risk, 0) as share, -- noqa: RF04
    figure.risk - measured.risk_of_others as incremental,
    figure.risk as total,
    parts.position_count,
    parts.measured_count,
    case
        when figure.risk is null then 'too_few_outcomes'
        when not parts.is_measured then parts.null_reason
        when not figure.has_weights then 'no_loss_around_the_quantile'
    end as null_reason
from parts
cross join figure
left join measured on parts.part = measured.part
