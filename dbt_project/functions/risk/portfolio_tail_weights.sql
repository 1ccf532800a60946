{%- set reach = var('contribution_reach') -%}
-- The weights of the sessions that make the figure. For the expected shortfall these are the tail's, and equal. For the
-- value at risk, which is one or two sessions, they are those around it, declining with the distance, and scaled so that
-- the weighted loss is the value at risk (Hallerbach 2003; Epperlein and Smillie 2006).
with known as (
    select
        session_number,
        outcome,
        row_number() over (order by outcome, session_number) - 1 as place,
        count(*) over () as outcome_count
    from {{ udf('portfolio_outcomes') }}(
        array[portfolio_tail_weights.portfolio_id], portfolio_tail_weights.as_of_date
    )
    where
        is_in_window
        and outcome is not null
        and {{ accepted('measure', 'measure', ['var', 'es']) }}
        and access.is_accepted(
            confidence > 0 and confidence < 1,
            'confidence is between 0 and 1, such as 0.95, not ' || coalesce(cast(confidence as text), 'null')
        )
),

sorted as (
    select array_agg(outcome order by outcome) as outcomes from known
),

quantiles as materialized (
    select
        {{ quantile_of('sorted.outcomes', 'confidence') }} as quantile,
        cast({{ tail_place('cardinality(sorted.outcomes)', 'confidence') }} as double precision) as place
    from sorted
    where cardinality(sorted.outcomes) >= {{ var('risk_rules').minimum }}
),

near as (
    select
        known.session_number,
        known.outcome,
        -quantiles.quantile as value_at_risk,
        cast(case
            when measure = 'es' then cast(known.outcome <= {{ tail_end('quantiles.quantile') }} as integer)
            else greatest(0, 1 - abs(known.place - quantiles.place) / {{ reach + 1 }})
        end as double precision) as nearness
    from known
    cross join quantiles
),

weighed as (
    select
        *,
        nearness / sum(nearness) over whole as weight,
        -sum(nearness * outcome) over whole / sum(nearness) over whole as mean_loss
    from near
    window whole as (order by session_number rows between unbounded preceding and unbounded following)
)

select
    session_number,
    outcome,
    -- null where the outcomes around the value at risk are losses and it is none, or the reverse
    case
        when measure = 'es' then weight
        when value_at_risk * mean_loss > 0 then weight * value_at_risk / mean_loss
    end as weight,
    case measure when 'es' then mean_loss else value_at_risk end as risk
from weighed
