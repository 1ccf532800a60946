{#-
  Packed marts: rows of a portfolio and date are one row of the table published.packed_<mart>, with an array per column;
  the view published.<mart> unpacks them, and everything else reads it as it reads the table of any other mart. A row of
  its own costs a header, a key and an entry in an index, which is more than most figures of a position need.
  For SQL models of portfolio facts. The elements of all arrays are in the order of the grain.
-#}
{% macro packed_table() -%}
    {{ return(api.Relation.create(
        database=this.database, schema=this.schema, identifier='packed_' ~ this.identifier, type='table'
    )) }}
{%- endmacro %}


{#- The columns of the packed table that are values, as its rows are found by them. -#}
{% macro packing_key() -%}
    {{ return(['portfolio_id', 'as_of_date']) }}
{%- endmacro %}


{#- An array of arrays has one length for all of its elements: arrays are packed as text. -#}
{% macro packed_type(name) -%}
    {%- set type = model.columns[name].data_type -%}
    {{ return(('text' if type.endswith('[]') else type) ~ '[]') }}
{%- endmacro %}


{#- Creates the table and the view; columns are added, never removed or retyped. -#}
{% macro make_packed_table(relation, view, existing, columns) -%}
    {%- set values = columns | reject('in', packing_key()) | list -%}
    {%- set changes -%}
        {{ reader_views_taken() }}
        create table if not exists {{ relation }} (publication_id bigint, portfolio_id uuid, as_of_date date);
        alter table {{ relation }}
        {%- for name in values %}
        add column if not exists {{ name }} {{ packed_type(name) }}{{ ',' if not loop.last }}
        {%- endfor %}
    {%- endset -%}
    {% call statement('create') %} {{ when_unused(changes) }} {% endcall %}
    {%- set code = unpacked_select(relation, values) -%}
    {#- with other columns the view is dropped, with its reader views, which are recreated in this transaction -#}
    {%- set is_dropped = existing and view_columns_changed(view, code) -%}
    {% call statement('view of packed rows') %}
        {% if is_dropped %} drop view {{ view }} cascade; {% endif %}
        create or replace view {{ view }} as {{ code }}
    {% endcall %}
{%- endmacro %}


{#- An array that is longer than the others says that the row is damaged: unnest fills up the others with nulls. -#}
{% macro unpacked_select(relation, values) -%}
select
    packed.publication_id,
    packed.portfolio_id,
    packed.as_of_date,
    {%- for name in values %}
    {%- set type = model.columns[name].data_type %}
    {{ 'cast(rows.' ~ name ~ ' as ' ~ type ~ ') as ' ~ name if '(' in type or type.endswith('[]') else 'rows.' ~ name }}
    {{- ',' if not loop.last }}
    {%- endfor %}
from {{ relation }} as packed
cross join lateral unnest(
    {%- for name in values %}
    packed.{{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
) as rows ({{ values | join(', ') }})
{%- endmacro %}


{% macro append_packed_rows(relation, columns, code) -%}
{%- set values = columns | reject('in', packing_key()) | list -%}
{%- set order = config.require('grain') | reject('in', packing_key()) | join(', ') -%}
insert into {{ relation }} (publication_id, portfolio_id, as_of_date, {{ values | join(', ') }})
select
    {{ publication_id() }},
    portfolio_id,
    as_of_date,
    {%- for name in values %}
    array_agg(
        {{- 'cast(' ~ name ~ ' as text)' if model.columns[name].data_type.endswith('[]') else name }} order by {{ order -}}
    ){{ ',' if not loop.last }}
    {%- endfor %}
from (
    {{ code }}
) as new_rows
group by portfolio_id, as_of_date
{%- endmacro %}
