{#- A sum that is null when any of its parts is: a total that leaves something out is no total. -#}
{% macro sum_unless_unknown(column) -%}
case when bool_and({{ column }} is not null) then sum({{ column }}) end
{%- endmacro %}
