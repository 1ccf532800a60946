{#-
  A mart as a function of schema udf names it: without a schema, so that the function reads what its caller's search
  path leads to, the marts of now or, in marts_at, those of an instant. ref() has dbt build the mart before.
-#}
{% macro mart(name) -%}
{{ ref(name).identifier }}
{%- endmacro %}


{#-
  Before a function over marts is made: the path that Postgres checks its body with, and away with the function of
  another result, which `create or replace` would refuse. All in the transaction that makes it anew.
-#}
{% macro replace_mart_function() -%}
set local search_path = {{ adapter.quote(var('audit_schema') or 'marts') }};
drop function if exists {{ this.include(database=false) }}
{%- endmacro %}
