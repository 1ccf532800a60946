{#- The newest row per key among the rows loaded by `known_at`; every raw table is staged with it. -#}
{% macro newest_known(relation, key) -%}
select distinct on ({{ key | join(', ') }}) *
from {{ relation }}
where loaded_at <= {{ known_at() }}
order by {{ key | join(', ') }}, load_id desc
{%- endmacro %}
