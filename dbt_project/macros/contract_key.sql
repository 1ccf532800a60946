{#-
  What Greeks are computed for once, whoever holds it: an option by its symbol and, when its underlying was split
  since a position was entered, by how; a stock by its symbol.
-#}
{% macro contract_key(days) -%}
{{ days }}.symbol || case
    when {{ days }}.investment_class = 'OPTIONS' and {{ days }}.split_factor <> 1
        then ' / ' || trim_scale({{ days }}.split_factor)
    else ''
end
{%- endmacro %}
