{#- A sum that is null when any of its parts is: a total that leaves something out is no total. -#}
{% macro sum_unless_unknown(column) -%}
case when bool_and({{ column }} is not null) then sum({{ column }}) end
{%- endmacro %}


{#-
  A sum of doubles that is the same in whatever order its parts come: each is rounded to the billionth, and whole
  billionths are added up. Parts in another order would differ in the last bit, and a report rebuilt would not be the
  report. Parts from nine billions on, which do not fit into a bigint, are added up as decimals: ten times slower.
-#}
{% macro exact_sum(expression) -%}
(
            coalesce(cast(sum(
                case when abs({{ expression }}) < 9e9 then cast({{ expression }} * 1e9 as bigint) end
            ) as double precision) / 1e9, 0)
            + coalesce(cast(sum(
                case when abs({{ expression }}) >= 9e9 then cast({{ expression }} as numeric(38, 9)) end
            ) as double precision), 0)
            + case when count({{ expression }}) = 0 then cast(null as double precision) else 0 end
        )
{%- endmacro %}
