{#- A sum that is null when any of its parts is null, because an incomplete total would be wrong. -#}
{% macro sum_unless_unknown(column) -%}
case when bool_and({{ column }} is not null) then sum({{ column }}) end
{%- endmacro %}


{#-
  A sum of doubles that does not depend on the order of its parts: each is rounded to 1e-9, and the sum is taken over
  integers. A plain sum in another order would differ in the last bit, so that a rebuild would not reproduce a report.
  Parts of 9e9 or more, which do not fit into a bigint, are summed as numeric: ten times slower.
-#}
{% macro exact_sum(expression) -%}
(
            coalesce(cast(sum(
                case when abs({{ expression }}) < 9e9 then cast({{ expression }} * 1e9 as bigint) end
            ) as double precision) / 1e9, 0)
            + coalesce(cast(sum(
                case when abs({{ expression }}) >= 9e9 then round(cast({{ expression }} as numeric), 9) end
            ) as double precision), 0)
            + case when count({{ expression }}) = 0 then cast(null as double precision) else 0 end
        )
{%- endmacro %}
