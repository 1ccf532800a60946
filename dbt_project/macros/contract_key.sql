{#-
  Key of a security whose Greeks are computed once for all holders: the symbol and, for an option whose underlying was
  split after the entry, the split factor.
-#}
{% macro contract_key(days) -%}
{{ days }}.symbol || case
    when {{ days }}.investment_class = 'OPTIONS' and {{ days }}.split_factor <> 1
        then ' / ' || trim_scale({{ days }}.split_factor)
    else ''
end
{%- endmacro %}
