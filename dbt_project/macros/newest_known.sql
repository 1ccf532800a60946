{#- The newest row of each key among the rows known at `known_at`: what staging makes of raw. -#}
{% macro newest_known(relation, key) -%}
select distinct on ({{ key | join(', ') }}) *
from {{ relation }}
where loaded_at <= {{ known_at() }}
order by {{ key | join(', ') }}, load_id desc
{%- endmacro %}
