{#-
  view_in_place: `create or replace view`, so that readers and dependent views never lose it during a build (dbt's
  built-in view materialization swaps the view and drops its dependents). The view is dropped only when columns were
  removed, renamed or retyped, in the transaction that recreates it.
-#}
{% materialization view_in_place, adapter='postgres' %}
    {%- set target_relation = this.incorporate(type='view') -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks) }}

    {% if existing is not none and (existing.type != 'view' or view_columns_changed(existing, sql)) %}
        {% do adapter.drop_relation(existing) %}
    {% endif %}
    {% call statement('main') %}
        create or replace view {{ target_relation }} as (
            {{ sql }}
        )
    {% endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{#- `create or replace` requires the old columns unchanged; new ones may follow them. -#}
{% macro view_columns_changed(existing, code) %}
    {%- set new = get_column_schema_from_query(code) -%}
    {%- set old = get_column_schema_from_query('select * from ' ~ existing) -%}
    {%- set changed = namespace(value=new | length < old | length) -%}
    {%- for column in old -%}
        {%- if not changed.value and (new[loop.index0].name != column.name
               or new[loop.index0].data_type != column.data_type) -%}
            {%- set changed.value = true -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(changed.value) }}
{% endmacro %}
