{#-
  build_table: an internal table that each build refills with the rows of its own dates and portfolios; readers never
  see it. Unlogged: a crash empties it, and the next build refills it. Supports SQL and Python models.
  config: indexes.
-#}
{% materialization build_table, adapter='postgres', supported_languages=['sql', 'python'] %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set language = model['language'] -%}
    {{ run_hooks(pre_hooks) }}

    {% if load_cached_relation(this) is not none and table_definition(this).mark != build_table_mark() %}
        {% do adapter.drop_relation(load_cached_relation(this)) %}
    {% endif %}
    {% if load_cached_relation(this) is none %}
        {% call statement('create') %}
            create unlogged table {{ target_relation }}
            {%- if language == 'sql' %} as {{ compiled_code }} with no data
            {%- else %} ({{ declared_columns() }}) {%- endif %}
        {% endcall %}
        {% do create_indexes(target_relation) %}
        {% do keep_definition(target_relation, build_table_mark()) %}
        {% do adapter.commit() %}
    {% endif %}

    {% if language == 'python' %}
        {% call statement('main', language='python') -%}
            {{ compiled_code }}
        {%- endcall %}
        {% call statement('analyze') %} {{ analyze_coarsely(target_relation) }} {% endcall %}
    {% else %}
        {% call statement('main') %}
            {{ plan_for_sets() }}
            truncate {{ target_relation }};
            insert into {{ target_relation }} {{ compiled_code }}
        {% endcall %}
        {% call statement('analyze') %} {{ analyze_coarsely(target_relation) }} {% endcall %}
    {% endif %}
    {% do adapter.commit() %}

    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{#- Columns of a Python model as declared in its yml. -#}
{% macro declared_columns() -%}
    {%- for column in model.columns.values() -%}
        {{ column.name }} {{ column.data_type }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{#- Hash of the model's text, columns and indexes: when it changes, the table is recreated. -#}
{% macro build_table_mark() -%}
    {{ return(local_md5(model.raw_code ~ tojson(model.columns) ~ tojson(config.get('indexes', [])))) }}
{%- endmacro %}


{#- The mark and columns stored in the table's comment; empty if the table or one of its reader views is missing. -#}
{% macro table_definition(relation, readers=[]) -%}
    {%- set kept = run_query(
        "select obj_description(to_regclass('" ~ relation.include(database=false) ~ "'), 'pg_class')"
        ~ " where not exists (select from unnest(cast(array['" ~ readers | join("', '") ~ "'] as text[])) as readers (name)"
        ~ " where name <> '' and to_regclass(name) is null)"
    ).columns[0].values() | first -%}
    {{ return(fromjson(kept) if kept else {}) }}
{%- endmacro %}


{% macro keep_definition(relation, mark, columns=[]) -%}
    {% call statement('keep definition') %}
        comment on table {{ relation }} is '{{ tojson({"mark": mark, "columns": columns}) }}'
    {% endcall %}
{%- endmacro %}


{#-
  A build processes all rows of its dates, but the planner has no statistics for them: it expects one row and would
  choose nested loops over whole tables, or a merge join on the first column of a key, which compares each row with all
  rows that share it. A hash join does not depend on that estimate. Lateral look-ups still use nested loops; there is no
  alternative for them.
-#}
{% macro plan_for_sets() -%}
    set local enable_nestloop = off;
    set local enable_mergejoin = off;
{%- endmacro %}
