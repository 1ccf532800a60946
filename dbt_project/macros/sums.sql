{#- A sum that is null when any of its parts is: a total that leaves something out is no total. -#}
{% macro sum_unless_unknown(column) -%}
case when bool_and({{ column }} is not null) then sum({{ column }}) end
{%- endmacro %}


{#-
  A sum of doubles that is the same in whatever order its parts come: added up in decimals to the billionth.
  Parts in another order would differ in the last bit, and a report rebuilt would not be the report.
-#}
{% macro exact_sum(expression) -%}
cast(sum(cast({{ expression }} as numeric(38, 9))) as double precision)
{%- endmacro %}
