{#- A function of schema udf as another function calls it: without the database's name, which would stand in
    the function's text for ever, also in a copied, renamed or restored database. -#}
{% macro udf(name) -%}
{{ function(name).include(database=false) }}
{%- endmacro %}
