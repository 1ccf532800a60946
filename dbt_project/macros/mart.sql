{#-
  Reference to a mart from a function of schema udf: without a schema, so that the function reads the marts on the
  caller's search path: the current ones or, in marts_at, those of an instant. ref() makes dbt build the mart first.
-#}
{% macro mart(name) -%}
{{ ref(name).identifier }}
{%- endmacro %}


{#-
  Pre-hook of a function over marts: sets the search path with which Postgres validates the body, and drops the old
  function, because `create or replace` cannot change a return type. All in the transaction that recreates it.
-#}
{% macro replace_mart_function() -%}
set local search_path = {{ adapter.quote(var('audit_schema') or 'marts') }};
drop function if exists {{ this.include(database=false) }}
{%- endmacro %}
