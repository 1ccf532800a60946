{#-
  Each layer is a schema of its own name. With audit_schema, the marts go into that schema and everything else into
  <audit_schema>_layers, because fact tables have the same names as their marts.
-#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if var('audit_schema') -%}
        {{ var('audit_schema') }}_layers
    {%- elif var('read_marts') and custom_schema_name == 'published' -%}
        {%- if flags.WHICH != 'parse' -%}
            {{ exceptions.raise_compiler_error("read_marts is for `dbt parse` only: a build writes what the marts show.") }}
        {%- endif -%}
        marts
    {%- else -%}
        {{ custom_schema_name or target.schema }}
    {%- endif -%}
{%- endmacro %}
