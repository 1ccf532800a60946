{#-
  Comments of a reader view, from its yml: what a row is, and the meaning and unit of each column. Clients show them,
  such as psql with \d+ and DBeaver.
-#}
{% macro comment_reader_view(view) -%}
    {%- set name = view.include(database=false) -%}
    {%- set present = run_query(
        "select attname from pg_catalog.pg_attribute where attrelid = '" ~ name ~ "'::regclass and attnum > 0"
    ).columns[0].values() -%}
    {% call statement('comments') %}
        comment on view {{ name }} is {{ text_literal(model.description) }}
        {%- for column in model.columns.values() if column.name in present %};
        comment on column {{ name }}.{{ column.name }} is {{ text_literal(column_comment(column)) }}
        {%- endfor %}
    {% endcall %}
{%- endmacro %}


{% macro column_comment(column) -%}
    {%- set unit = column.get('config', {}).get('meta', {}).get('unit') -%}
    {{ return(column.description | trim ~ (' Unit: ' ~ unit ~ '.' if unit else '')) }}
{%- endmacro %}


{#- One line of text as an SQL literal. -#}
{% macro text_literal(text) -%}
'{{ text.split() | join(' ') | replace("'", "''") }}'
{%- endmacro %}
