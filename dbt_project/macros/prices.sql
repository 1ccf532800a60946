{#-
  A computed price: six decimals, and more below one, so that at least seven digits remain. Prices that were loaded are
  not rounded.
-#}
{% macro rounded_price(price) -%}
trim_scale(
            round({{ price }}, greatest(6, 6 - cast(floor(log(cast(nullif({{ price }}, 0) as double precision))) as integer)))
        )
{%- endmacro %}


{#- dbt's own macro, which compares the columns of a model with its yml, warns of `numeric` without a scale: of prices. -#}
{% macro postgres__get_empty_schema_sql(columns) -%}
    select
    {%- for column in columns.values() %}
    {{ cast('null', column.data_type) }} as {{ column.name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
