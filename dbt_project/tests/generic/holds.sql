{#- An identity that must be true of every row being built; a null counts as broken. -#}
{% test holds(model, expression, dated=true) %}
select *
from {{ model }}
where ({{ expression }}) is not true {%- if dated %} and {{ in_window() }} {%- endif %}
{% endtest %}
