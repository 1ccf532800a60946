{#- Layers are schemas by their own name; with audit_schema everything goes into that one schema. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if var('audit_schema') -%}
        {{ var('audit_schema') }}
    {%- else -%}
        {{ custom_schema_name or target.schema }}
    {%- endif -%}
{%- endmacro %}
