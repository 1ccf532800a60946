{#- Limits a test to the dates being built; with test_all_dates it looks at all of history. -#}
{% macro in_window(column='as_of_date') -%}
    {%- if var('test_all_dates') -%} true
    {%- else -%} {{ column }} between {{ from_date() }} and {{ to_date() }}
    {%- endif -%}
{%- endmacro %}
