{#- A key without its parent row is lost in every inner join, silently. Looks at the dates being built. -#}
{% test has_parent(model, column_name, to, field, dated=true) %}
select children.{{ column_name }}
from {{ model }} as children
left join {{ to }} as parents on children.{{ column_name }} = parents.{{ field }}
where
    children.{{ column_name }} is not null
    and parents.{{ field }} is null
    {%- if dated %} and {{ in_window('children.as_of_date') }} {%- endif %}
{% endtest %}
