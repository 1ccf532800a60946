{#- A key without a parent row is silently lost in inner joins. dated: check only the rows being built of a mart. -#}
{% test has_parent(model, column_name, to, field, dated=true) %}
with children as (
    {% if dated -%} {{ tested_rows(model) }} {%- else -%} select * from {{ model }} {%- endif %}
),

parents as (
    select * from {{ to }}
)

select children.*
from children
left join parents on children.{{ column_name }} = parents.{{ field }}
where
    children.{{ column_name }} is not null
    and parents.{{ field }} is null
{% endtest %}
