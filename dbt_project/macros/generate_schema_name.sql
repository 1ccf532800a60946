{#-
  Each layer is a schema of its own name. With audit_schema, the marts go into that schema and everything else into
  <audit_schema>_layers, because fact tables have the same names as their marts.
-#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if var('audit_schema') -%}
        {{ var('audit_schema') }}_layers
    {%- else -%}
        {{ custom_schema_name or target.schema }}
    {%- endif -%}
{%- endmacro %}
