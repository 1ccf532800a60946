{#-
  mart: one model, one yml. Appends the build's rows to published.<mart> with its publication_id (primary key: grain
  and publication_id) and maintains the views in marts, marts_history and marts_at on top of it (see
  reader_views.sql). Rows of builds that were never published are deleted; published rows never change. Supports SQL
  and Python models.

  config:
  grain             columns that identify a row; required
  versioned         true: a build adds only rows that differ from the published ones, and marks removed keys
  by_dates          true: a versioned mart is compared on the dates being built only
  derived           true: a view over other published facts; nothing is stored
  packed            true: the rows of a portfolio and date are stored as one row of arrays (see packed.sql)
  readers           false: published as input of other marts, not shown to readers
  indexes           in addition to the primary key
-#}
{% materialization mart, adapter='postgres', supported_languages=['sql', 'python'] %}
    {%- set language = model['language'] -%}
    {%- set is_derived = config.get('derived', false) -%}
    {%- set is_packed = config.get('packed', false) -%}
    {%- set target_relation = this.incorporate(type='view' if is_shown_by_view() else 'table') -%}
    {%- set stored_relation = packed_table() if is_packed else target_relation -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks) }}

    {%- set mark = mart_mark() -%}
    {%- set definition = table_definition(this, readers=reader_views_of(this)) if existing else {} -%}
    {%- set is_new_definition = definition.mark != mark -%}
    {% if is_derived %}
        {#- with other columns the view is dropped, with its reader views, which are recreated in this transaction -#}
        {%- set is_dropped = is_new_definition and existing and view_columns_changed(this, compiled_code) -%}
        {%- set changes -%}
            {{ reader_views_taken() if is_new_definition }}
            {% if is_dropped %} drop view {{ target_relation }} cascade; {% endif %}
            create or replace view {{ target_relation }} as {{ compiled_code }}
        {%- endset -%}
        {% call statement('main') %}
            {{ when_unused(changes) if is_new_definition else "select 'unchanged' as message where false" }}
        {% endcall %}
    {% else %}
        {% if is_new_definition %}
            {% set definition = {'columns': published_columns(compiled_code, language)} %}
            {% if is_packed %}
                {% do make_packed_table(stored_relation, target_relation, existing, definition.columns) %}
            {% else %}
                {% do make_published_table(target_relation, existing, compiled_code, language) %}
            {% endif %}
            {% if language == 'python' %}
                {# the Python job writes on its own connection, which must see the table #}
                {% do adapter.commit() %}
            {% endif %}
        {% endif %}
        {% if language == 'python' %}
            {% call statement('main', language='python') -%}
                {{ compiled_code }}
            {%- endcall %}
        {% else %}
            {% call statement('main') %}
                {{ plan_for_sets() }}
                {{ sweep_unpublished(stored_relation) }};
                {% if is_packed %}
                    {{ append_packed_rows(stored_relation, definition.columns, compiled_code) }}
                {% else %}
                    {{ append_rows(target_relation, definition.columns, compiled_code) }}
                {% endif %}
            {% endcall %}
        {% endif %}
        {% if is_new_definition %}
            {# after the insert: building the index once is twice as fast as maintaining it row by row #}
            {% do make_published_indexes(stored_relation) %}
        {% endif %}
        {% call statement('after') %}
            {{ restate(target_relation, definition.columns) }}
            select brin_summarize_new_values('{{ index_by_publication(stored_relation) }}'::regclass);
            {{ analyze_coarsely(stored_relation) }}
        {% endcall %}
    {% endif %}
    {% if is_new_definition %}
        {% do make_reader_views(target_relation) %}
        {% do keep_mart_definition(target_relation, mark, definition.columns) %}
    {% endif %}
    {% do adapter.commit() %}

    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{#-
  Statistics for the queries of the next models. A sample of 3,000 rows is enough to show that a publication has many
  rows; the default of 30,000 costs as much as appending a day to a large table. Autovacuum takes the larger sample
  as the table grows.
-#}
{% macro analyze_coarsely(relation) -%}
set local default_statistics_target = 10;
            analyze {{ relation }}
{%- endmacro %}


{#- Whether published.<mart> is a view. -#}
{% macro is_shown_by_view() -%}
    {{ return(config.get('derived', false) or config.get('packed', false)) }}
{%- endmacro %}


{#- Portfolio facts are published per portfolio and date, all others per date. -#}
{% macro is_of_portfolios() -%}
    {{ return('portfolio_id' in model.columns) }}
{%- endmacro %}


{% macro is_of_symbols() -%}
    {{ return('symbol' in model.columns and not is_of_portfolios()) }}
{%- endmacro %}


{% macro is_dated() -%}
    {{ return('as_of_date' in model.columns and (not config.get('versioned', false) or config.get('by_dates', false))) }}
{%- endmacro %}


{% macro mart_mark() -%}
    {{ return(local_md5(
        model.raw_code ~ model.description ~ tojson(model.columns) ~ reader_views_text(this.include(database=false))
    )) }}
{%- endmacro %}


{% macro keep_mart_definition(relation, mark, columns) -%}
    {% call statement('keep definition') %}
        comment on {{ 'view' if is_shown_by_view() else 'table' }} {{ relation }}
        is '{{ tojson({"mark": mark, "columns": columns or []}) }}'
    {% endcall %}
{%- endmacro %}


{#- The table has every column of the model; columns are added, never removed or retyped. -#}
{% macro make_published_table(relation, existing, code, language) -%}
    {% if existing is none %}
        {% call statement('create') %}
            create table {{ relation }}
            {%- if language == 'sql' %} as
            select cast(null as bigint) as publication_id, new_rows.*
            {%- if config.get('versioned', false) %}, false as is_removed {%- endif %}
            from ({{ code }}) as new_rows with no data
            {%- else %} (publication_id bigint, {{ declared_columns() }}) {%- endif %}
        {% endcall %}
    {% else %}
        {% do add_published_columns(relation, code, language) %}
    {% endif %}
{%- endmacro %}


{#-
  The primary key, and a BRIN index on publication and date: rows are appended, so a few kilobytes are enough to find
  those of a build or a date.
-#}
{% macro make_published_indexes(relation) -%}
    {%- set name = relation.include(database=false) -%}
    {%- set has_key = run_query(
        "select 1 from pg_constraint where conrelid = '" ~ name ~ "'::regclass and contype = 'p'"
    ).rows | length > 0 -%}
    {% call statement('index') %}
        {% if not has_key %} alter table {{ relation }} add primary key ({{ published_key() | join(', ') }}); {% endif %}
        create index if not exists {{ relation.identifier }}_by_publication on {{ relation }}
        using brin (publication_id{{ ', as_of_date' if is_dated() }}) with (pages_per_range = 32)
    {% endcall %}
    {% do create_indexes(relation) %}
{%- endmacro %}


{% macro index_by_publication(relation) -%}
    {{ return('"' ~ relation.schema ~ '"."' ~ relation.identifier ~ '_by_publication"') }}
{%- endmacro %}


{#- Columns of the primary key. The portfolio comes first: readers query one portfolio at a time. -#}
{% macro published_key() -%}
    {%- set grain = packing_key() if config.get('packed', false) else config.require('grain') -%}
    {%- set first = (['portfolio_id'] + (['as_of_date'] if is_dated() else [])) if is_of_portfolios() else [] -%}
    {{ return(first + grain | reject('in', first) | list + ['publication_id']) }}
{%- endmacro %}


{#- Column names of the model, in select order. -#}
{% macro published_columns(code, language) -%}
    {%- if language == 'sql' -%}
        {{ return(get_column_schema_from_query(code) | map(attribute='name') | list) }}
    {%- else -%}
        {{ return(model.columns.keys() | list) }}
    {%- endif -%}
{%- endmacro %}


{#-
  A new column is null in rows published before it existed. Its type is read from PostgreSQL: dbt's name of an array
  type is not valid SQL.
-#}
{% macro add_published_columns(relation, code, language) -%}
    {%- set old = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
    {%- set new = published_columns(code, language) | reject('in', old) | list -%}
    {% if new %}
        {% call statement('make columns') %}
            create temporary table new_columns
            {%- if language == 'sql' %} as select * from ({{ code }}) as new_rows with no data
            {%- else %} ({{ declared_columns() }}) {%- endif %}
        {% endcall %}
        {% call statement('types of columns', fetch_result=true) %}
            select attname, format_type(atttypid, atttypmod) from pg_catalog.pg_attribute
            where attrelid = 'new_columns'::regclass and attnum > 0 order by attnum
        {% endcall %}
        {%- set changes -%}
            {{ reader_views_taken() }}
            {% for name, type in load_result('types of columns').data if name in new %}
            alter table {{ relation }} add column {{ name }} {{ type }};
            {% endfor %}
        {%- endset -%}
        {% call statement('add columns') %} {{ when_unused(changes) }} {% endcall %}
        {% call statement('drop columns') %} drop table new_columns {% endcall %}
    {% endif %}
{%- endmacro %}


{#- Delete rows of builds that were never published. -#}
{% macro sweep_unpublished(relation) -%}
delete from {{ relation }}
{%- if not var('audit_schema') %}
where publication_id > (select coalesce(max(publications.publication_id), 0) from ops.publications) or publication_id = 0
{%- endif %}
{%- endmacro %}


{% macro append_rows(relation, columns, code) -%}
insert into {{ relation }} (publication_id, {{ columns | join(', ') }}
    {%- if config.get('versioned', false) %}, is_removed {%- endif %})
{%- if config.get('versioned', false) %}
{{ changed_rows(relation, columns, code) }}
{%- else %}
select {{ publication_id() }}, {{ columns | join(', ') }}
from (
    {{ code }}
) as new_rows
{%- endif %}
{%- endmacro %}


{#- Rows that differ from the published row of their key, and a removal marker for keys that are gone. -#}
{% macro changed_rows(relation, columns, code) -%}
{%- set key = config.require('grain') -%}
{%- set values = columns | reject('in', key) | list -%}
with built as materialized (
    {{ code }}
),

published as materialized (
    select distinct on ({{ key | join(', ') }}) *
    from {{ relation }}
    where
        publication_id in (select publications.publication_id from ops.publications)
        {%- if config.get('by_dates', false) %}
        and as_of_date between {{ first_date() }} and {{ to_date() }}
        {%- endif %}
    order by {{ key | join(', ') }}, publication_id desc
)

select
    {{ publication_id() }},
    {%- for name in columns %}
    built.{{ name }},
    {%- endfor %}
    false as is_removed
from built
left join published using ({{ key | join(', ') }})
where
    {%- if is_of_portfolios() %}
    {{ is_not_excluded('built') }} and
    {%- endif %}
    (
    published.publication_id is null
    or published.is_removed
    or row({% for name in values %}built.{{ name }}{{ ', ' if not loop.last }}{% endfor %})
    is distinct from row({% for name in values %}published.{{ name }}{{ ', ' if not loop.last }}{% endfor %})
    )
union all
select
    {{ publication_id() }},
    {%- for name in columns %}
    published.{{ name }},
    {%- endfor %}
    true as is_removed
from published
left join built using ({{ key | join(', ') }})
where
    built.{{ key[0] }} is null
    and not published.is_removed
    {%- if is_of_portfolios() %}
    and {{ is_not_excluded('published') }}
    {%- endif %}
{%- endmacro %}
