{#- The expression must be true for every row being built; null fails. market: the rows belong to no portfolio. -#}
{% test holds(model, expression, market=false) %}
with rows_tested as (
    {{ tested_rows(model, market=market) }}
)

select *
from rows_tested
where ({{ expression }}) is not true
{% endtest %}
