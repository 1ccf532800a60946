{#- Reference to a function of schema udf from another function. Without the database name: a function body keeps
    its text, which would be wrong in a copied, renamed or restored database. -#}
{% macro udf(name) -%}
{{ function(name).include(database=false) }}
{%- endmacro %}
