{#-
  Layers are schemas by their own name. With audit_schema the marts go into that one schema, everything else into
  <audit_schema>_layers, since tables of facts share the names of their marts.
-#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if var('audit_schema') -%}
        {{ var('audit_schema') }}_layers
    {%- else -%}
        {{ custom_schema_name or target.schema }}
    {%- endif -%}
{%- endmacro %}
