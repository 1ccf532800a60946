{#-
  Two rows of one grain, or a null in it, would be counted twice or lost in every join. For views, and for tables without
  a primary key: PostgreSQL holds the grain of every other mart.
-#}
{% test grain(model, columns) %}
select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1 {%- for column in columns %} or {{ column }} is null {%- endfor %}
{% endtest %}
