{#- Units of a position that a unit's stress P&L is multiplied by: dollars of a stock, shares behind an option. -#}
{% macro stress_units(values='') -%}
{%- set column = values ~ '.' if values else '' -%}
cast(case {{ column }}investment_class
            when 'OPTIONS' then {{ column }}quantity * 100
            when 'PUBLIC' then {{ column }}market_value
        end as double precision)
{%- endmacro %}
