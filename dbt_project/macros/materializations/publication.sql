{#-
  publication: an append-only table of published rows, each with its publication_id. Rows left over by a
  build that was never published are swept first; published rows are never changed.
  Without the var publication_id nothing is copied.
-#}
{% materialization publication, adapter='postgres' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks) }}

    {% if existing is none %}
        {% call statement('create') %}
            create table {{ target_relation }} as
            select cast(null as bigint) as publication_id, new_rows.* from ({{ sql }}) as new_rows with no data
        {% endcall %}
    {% else %}
        {% do add_published_columns(target_relation, sql) %}
    {% endif %}

    {% call statement('main') %}
        {% if var('publication_id') is none %}
            select 'not published' as message where false
        {% else %}
            {{ plan_for_sets() }}
            delete from {{ target_relation }}
            where {% if var('audit_schema') %} true or {% endif %} publication_id > (select coalesce(max(publication_id), 0) from ops.publications);
            insert into {{ target_relation }} (publication_id, {{ published_columns(sql) }})
            select {{ var('publication_id') }}, {{ published_columns(sql) }} from ({{ sql }}) as new_rows
        {% endif %}
    {% endcall %}
    {% if existing is none %}
        {# made of rows that are there already, in the same transaction: twice as fast as row by row #}
        {% do create_indexes(target_relation) %}
        {% call statement('index publication') %}
            create index on {{ target_relation }} using brin (publication_id)
        {% endcall %}
    {% endif %}
    {% do adapter.commit() %}
    {% do analyze_written(target_relation) %}

    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{% macro published_columns(code) -%}
    {{ get_column_schema_from_query(code) | map(attribute='name') | join(', ') }}
{%- endmacro %}


{#-
  A new column is null in what was published before it existed; columns are never removed. Its type is the one that
  PostgreSQL gives it: dbt's own name of an array is none.
-#}
{% macro add_published_columns(relation, code) %}
    {%- set old = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
    {%- set new = get_column_schema_from_query(code) | map(attribute='name') | reject('in', old) | list -%}
    {% if new %}
        {% call statement('make columns') %}
            create temporary table new_columns as select * from ({{ code }}) as new_rows with no data
        {% endcall %}
        {% call statement('types of columns', fetch_result=true) %}
            select attname, format_type(atttypid, atttypmod) from pg_catalog.pg_attribute
            where attrelid = 'new_columns'::regclass and attnum > 0 order by attnum
        {% endcall %}
        {% for name, type in load_result('types of columns').data if name in new %}
            {% call statement('add column') %}
                alter table {{ relation }} add column {{ name }} {{ type }}
            {% endcall %}
        {% endfor %}
        {% call statement('drop columns') %} drop table new_columns {% endcall %}
    {% endif %}
{% endmacro %}
