{#- Multiplier of the stress P&L of one unit: market value of a stock, underlying shares of an option. -#}
{% macro stress_units(values='') -%}
{%- set column = values ~ '.' if values else '' -%}
cast(case {{ column }}investment_class
            when 'OPTIONS' then {{ column }}quantity * 100
            when 'PUBLIC' then {{ column }}market_value
        end as double precision)
{%- endmacro %}
