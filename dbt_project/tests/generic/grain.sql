{#- Two rows of one grain, or a null in it, would be counted twice or lost in every join. -#}
{% test grain(model, columns, dated=true) %}
select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
{% if dated and 'as_of_date' in columns -%} where {{ in_window() }} {%- endif %}
group by {{ columns | join(', ') }}
having count(*) > 1 {%- for column in columns %} or {{ column }} is null {%- endfor %}
{% endtest %}
