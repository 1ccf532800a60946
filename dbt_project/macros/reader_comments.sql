{#-
  Comments of a reader view, from its yml: what a row is, and the meaning and unit of each column. Clients show them,
  such as psql with \d+ and DBeaver.
-#}
{% macro comment_reader_view(view) -%}
    {%- set name = view.include(database=false) -%}
    {%- set columns = (model.columns.values() | list) + added_columns(view.schema) -%}
    {% call statement('comments') %}
        comment on view {{ name }} is {{ text_literal(model.description) }}
        {%- for column in columns %};
        comment on column {{ name }}.{{ column.name }} is {{ text_literal(column_comment(column)) }}
        {%- endfor %}
    {% endcall %}
{%- endmacro %}


{#- The columns that marts_history appends, which are in no yml; none of the other schemas. -#}
{% macro added_columns(schema) -%}
    {%- set id, time = {'meta': {'unit': 'id'}}, {'meta': {'unit': 'UTC timestamp'}} -%}
    {{ return([] if schema != 'marts_history' else [
        {'name': 'publication_id', 'config': id,
            'description': 'Publication that added the row (fct_publications); larger is newer.'},
        {'name': 'published_at', 'config': time, 'description': 'When the row became visible.'},
        {'name': 'superseded_at', 'config': time,
            'description': 'When a newer publication replaced the row; null while it is current.'},
    ]) }}
{%- endmacro %}


{% macro column_comment(column) -%}
    {%- set unit = column.get('config', {}).get('meta', {}).get('unit') -%}
    {{ return(column.description | trim ~ (' Unit: ' ~ unit ~ '.' if unit else '')) }}
{%- endmacro %}


{#- One line of text as an SQL literal. -#}
{% macro text_literal(text) -%}
'{{ text.split() | join(' ') | replace("'", "''") }}'
{%- endmacro %}


{#- Comment of a function, from its yml: what it returns, then its arguments. Clients show it, such as psql with \df+. -#}
{% macro comment_function() -%}
    {%- set lines = [model.description | trim] -%}
    {%- for argument in model.arguments -%}
        {%- do lines.append('Argument `' ~ argument.name ~ '`: ' ~ argument.description | trim) -%}
    {%- endfor -%}
    comment on function {{ this }} is '{{ lines | join('\n') | replace("'", "''") }}'
{%- endmacro %}
