{#- An identity that must be true of every row being built; a null counts as broken. market: rows of no portfolio. -#}
{% test holds(model, expression, market=false) %}
with rows_tested as (
    {{ tested_rows(model, market=market) }}
)

select *
from rows_tested
where ({{ expression }}) is not true
{% endtest %}
