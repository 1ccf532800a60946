{#-
  Layers are schemas by their own name. With audit_schema everything goes into that one schema, the history
  views, which share the names of the marts, into <audit_schema>_history.
-#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if var('audit_schema') -%}
        {{ var('audit_schema') }}{{ '_history' if custom_schema_name == 'marts_history' }}
    {%- else -%}
        {{ custom_schema_name or target.schema }}
    {%- endif -%}
{%- endmacro %}
