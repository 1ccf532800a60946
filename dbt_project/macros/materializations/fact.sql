{#-
  fact: a table of which a build replaces exactly the rows of its dates, in one transaction; rows of other
  dates are not touched. For SQL and for Python models.
  config: date_column (default as_of_date); scope='all' for small tables without dates; indexes.
-#}
{% materialization fact, adapter='postgres', supported_languages=['sql', 'python'] %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set by_dates = config.get('scope', 'dates') == 'dates' -%}
    {%- set date_column = config.get('date_column', 'as_of_date') -%}
    {%- set language = model['language'] -%}

    {{ run_hooks(pre_hooks) }}

    {% if existing is not none and (flags.FULL_REFRESH or existing.type != 'table') %}
        {% do adapter.drop_relation(existing) %}
        {% set existing = none %}
    {% endif %}
    {% if existing is none %}
        {% do create_fact_table(target_relation, compiled_code, language) %}
    {% elif language == 'sql' %}
        {% do check_fact_columns(target_relation, compiled_code) %}
    {% endif %}

    {% if language == 'python' %}
        {% if existing is none %}
            {% do create_indexes(target_relation) %}
            {# the Python job writes on its own connection: it must see the table #}
            {% do adapter.commit() %}
        {% endif %}
        {% call statement('main', language='python') -%}
            {#- said when the model runs: what is read while parsing outlives the night -#}
            window = ("{{ var('from_date') }}", "{{ var('to_date') }}")
{{ compiled_code }}
        {%- endcall %}
    {% else %}
        {% call statement('main') %}
            {{ plan_for_sets() }}
            delete from {{ target_relation }}
            {% if by_dates %} where {{ date_column }} between {{ from_date() }} and {{ to_date() }} {% endif %};
            insert into {{ target_relation }} {{ compiled_code }}
        {% endcall %}
        {% if existing is none %}
            {# made of rows that are there already, in the same transaction: twice as fast as row by row #}
            {% do create_indexes(target_relation) %}
        {% endif %}
        {% do adapter.commit() %}
    {% endif %}
    {% do analyze_written(target_relation) %}

    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{% macro create_fact_table(relation, code, language) %}
    {% call statement('create') %}
        {% if language == 'sql' %}
            create table {{ relation }} as {{ code }} with no data
        {% else %}
            create table {{ relation }} (
            {% for column in model.columns.values() -%}
                {{ column.name }} {{ column.data_type }}{{ ',' if not loop.last }}
            {% endfor %} )
        {% endif %}
    {% endcall %}
{% endmacro %}


{#- A model whose columns changed cannot keep its old rows: say so instead of writing beside them. -#}
{% macro check_fact_columns(relation, code) %}
    {%- set new = get_column_schema_from_query(code) | map(attribute='name') | list -%}
    {%- set old = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
    {% if new != old %}
        {% do exceptions.raise_compiler_error(
            model.name ~ " has new columns (" ~ new | join(', ') ~ "), its table has " ~ old | join(', ')
            ~ ". Rebuild all of history with: sigmasight rebuild --full-refresh"
        ) %}
    {% endif %}
{% endmacro %}


{#-
  A build works on all rows of its dates, but the planner has not seen these dates yet, expects one row, and
  would loop over a whole table for each. Hash and merge joins cost the same whatever it expects; a lateral
  look-up still loops, there is no other way to do it.
-#}
{% macro plan_for_sets() -%}
    set local enable_nestloop = off;
{%- endmacro %}


{#- Shows the planner the rows just written: the next models and tests read them. -#}
{% macro analyze_written(relation) %}
    {%- set rows = load_result('main').response.rows_affected | default(0) -%}
    {% if rows and rows > 0 %}
        {% call statement('analyze') %} analyze {{ relation }} {% endcall %}
        {% do adapter.commit() %}
    {% endif %}
{% endmacro %}
