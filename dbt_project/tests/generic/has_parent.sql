{#- A key without its parent row is lost in every inner join, silently. dated: look at the rows of a mart being built. -#}
{% test has_parent(model, column_name, to, field, dated=true) %}
with children as (
    {% if dated -%} {{ tested_rows(model) }} {%- else -%} select * from {{ model }} {%- endif %}
),

parents as (
    select * from {{ to }}
)

select children.{{ column_name }}
from children
left join parents on children.{{ column_name }} = parents.{{ field }}
where
    children.{{ column_name }} is not null
    and parents.{{ field }} is null
{% endtest %}
