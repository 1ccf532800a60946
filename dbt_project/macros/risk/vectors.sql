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


{#- Minus the mean of the sorted outcomes at or below their quantile, which are as many as width_bucket counts. -#}
{% macro mean_tail_loss(outcomes, quantile) -%}
-(
                select avg(tail.outcome)
                from unnest(({{ outcomes }})[1:width_bucket({{ quantile }}, {{ outcomes }})]) as tail (outcome)
            )
{%- endmacro %}


{#-
  Value at risk and expected shortfall from a relation of outcomes (portfolio_id, outcome), by portfolio and confidence: the
  end of a function, after its CTEs. Of sorted outcomes the quantile is a place, and the tail the beginning.
-#}
{% macro tail_figures(outcomes) -%}
sorted as (
    select
        portfolio_id,
        array_agg(outcome order by outcome) as outcomes
    from {{ outcomes }}
    group by portfolio_id
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

select
    portfolio_id,
    confidence,
    -quantile as value_at_risk,
    {{ mean_tail_loss('quantiles.outcomes', 'quantiles.quantile') }} as expected_shortfall,
    cardinality(outcomes) as outcomes
from quantiles
{%- endmacro %}
