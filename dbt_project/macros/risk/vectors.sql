{#-
  Arithmetic of outcome vectors, whose type is in the schema public: functions are named with it, because a function
  over marts runs on its caller's search path.
-#}
{#- In a given order: sums of floats depend on it, and what is asked twice must have the same answer. -#}
{% macro sum_of_vectors(vectors, units, order) -%}
public.sum(
            public.vector_mul({{ vectors }}, {{ constant_vector(units, 'public.vector_dims(' ~ vectors ~ ')') }})
            order by {{ order }}
        ) filter (where {{ vectors }} is not null)
{%- endmacro %}


{% macro constant_vector(value, length) -%}
cast(array_fill(cast({{ value }} as real), array[{{ length }}]) as public.vector)
{%- endmacro %}


{#-
  The quantile of sorted outcomes at 1 - confidence by linear interpolation (Hyndman and Fan's type 7). The place is
  rounded, because 1 - 0.9 is slightly below 0.1 and would exclude an outcome equal to the quantile from the tail.
-#}
{% macro quantile_of(outcomes, confidence) -%}
{%- set place = tail_place('cardinality(' ~ outcomes ~ ')', confidence) -%}
({{ outcomes }})[cast(floor({{ place }}) as integer) + 1] + cast({{ place }} - floor({{ place }}) as double precision) * (
            ({{ outcomes }})[least(cast(floor({{ place }}) as integer) + 2, cardinality({{ outcomes }}))]
            - ({{ outcomes }})[cast(floor({{ place }}) as integer) + 1]
        )
{%- endmacro %}


{#- The place of that quantile among so many outcomes, from 0, with a fraction. -#}
{% macro tail_place(outcome_count, confidence) -%}
round(cast((1 - {{ confidence }}) * ({{ outcome_count }} - 1) as numeric), 9)
{%- endmacro %}


{#- The value at risk or expected shortfall (argument `measure`) of sorted outcomes with a known quantile. -#}
{% macro tail_risk(outcomes, quantile) -%}
case measure
            when 'var' then -{{ quantile }}
            when 'es' then {{ mean_tail_loss(outcomes, quantile) }}
        end
{%- endmacro %}


{#- The quantile and what is equal to it but for rounding, which differs between single and double precision. -#}
{% macro tail_end(quantile) -%}
({{ quantile }} + {{ var('risk_rules').tie_tolerance }} * abs({{ quantile }}))
{%- endmacro %}


{#- Minus the mean of the sorted outcomes at or below their quantile, which are as many as width_bucket counts. -#}
{% macro mean_tail_loss(outcomes, quantile) -%}
-(
                select avg(tail.outcome)
                from unnest(({{ outcomes }})[1:width_bucket({{ tail_end(quantile) }}, {{ outcomes }})]) as tail (outcome)
            )
{%- endmacro %}


{#-
  CTEs that filter outcomes (Hull and White 1998), the last of them scaled_outcomes (key, outcome): each outcome of the
  window times the volatility of now over that of its own session. The volatility before a session is the root of the mean
  of the squared outcomes before it, with weights that decay: sums of squares over powers of the decay, so that one window
  function gives them all. outcomes: a relation (key, session_number, is_in_window, outcome) of known outcomes.
-#}
{% macro filtered_outcomes(outcomes, key='portfolio_id') -%}
{%- set rules = var('risk_rules') -%}
{%- set decay = 'cast(' ~ rules.filter_lambda ~ ' as double precision)' -%}
placed as (
    select
        {{ key }},
        is_in_window,
        outcome,
        row_number() over (partition by {{ key }} order by session_number) as place
    from {{ outcomes }}
),

scaled as (
    select
        *,
        power({{ decay }}, -place) as weight
    from placed
),

summed as (
    select
        {{ key }},
        is_in_window,
        outcome,
        place,
        sum(weight * outcome * outcome) over before / nullif(sum(weight) over before, 0) as variance_before,
        sum(weight * outcome * outcome) over whole / sum(weight) over whole as variance_now
    from scaled
    window
        before as (
            partition by {{ key }} order by place rows between unbounded preceding and 1 preceding
        ),
        whole as (partition by {{ key }})
),

scaled_outcomes as (
    select
        {{ key }},
        case when outcome = 0 then 0 else outcome * sqrt(variance_now / variance_before) end as outcome
    from summed
    where is_in_window and place > {{ rules.filter_minimum }} and (outcome = 0 or variance_before > 0)
)
{%- endmacro %}


{#-
  Value at risk and expected shortfall from a relation of outcomes (key, outcome), by key and confidence: the end of a
  function, after its CTEs. Of sorted outcomes the quantile is a place, and the tail the beginning.
-#}
{% macro tail_figures(outcomes, key='portfolio_id') -%}
{{ tail_quantiles(outcomes, key) }}

select
    {{ key }},
    confidence,
    -quantile as value_at_risk,
    {{ mean_tail_loss('quantiles.outcomes', 'quantiles.quantile') }} as expected_shortfall,
    cardinality(outcomes) as outcomes
from quantiles
{%- endmacro %}


{#- The CTEs of tail_figures; the last is quantiles (key, outcomes, confidence, quantile), sorted outcomes with a quantile. -#}
{% macro tail_quantiles(outcomes, key) -%}
sorted as (
    select
        {{ key }},
        array_agg(outcome order by outcome) as outcomes
    from {{ outcomes }}
    group by {{ key }}
    having count(*) >= {{ var('risk_rules').minimum }}
),

quantiles as (
    select
        sorted.*,
        levels.confidence,
        {{ quantile_of('sorted.outcomes', 'levels.confidence') }} as quantile
    from sorted
    cross join (values (cast(0.95 as double precision)), (0.99)) as levels (confidence)
)
{%- endmacro %}
