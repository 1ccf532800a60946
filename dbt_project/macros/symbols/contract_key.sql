{#-
  Key of a security whose Greeks are computed once for all holders: the symbol and, for an option whose underlying was
  split after the entry, the split factor; and what special dividends and mergers took from its strike.
-#}
{% macro contract_key(days) -%}
{{ days }}.symbol || case
    when {{ days }}.investment_class = 'OPTIONS' and {{ days }}.split_factor <> 1
        then ' / ' || trim_scale({{ days }}.split_factor)
    else ''
end || case
    when {{ days }}.investment_class = 'OPTIONS' and {{ days }}.strike_cut <> 0
        then ' - ' || trim_scale(round({{ days }}.strike_cut / {{ days }}.split_factor, 6))
    else ''
end
{%- endmacro %}
