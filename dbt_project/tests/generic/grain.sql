{#-
  Duplicate keys are counted twice in joins, and null keys are lost. For views, and for tables without a primary key:
  the grain of every other mart is enforced by its primary key.
-#}
{% test grain(model, columns) %}
select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1 {%- for column in columns %} or {{ column }} is null {%- endfor %}
{% endtest %}
