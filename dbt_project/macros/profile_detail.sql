{#- One of a profile's details; null where it is missing or not a valid value. type: of the column; kind: in JSON. -#}
{% macro profile_detail(name, type='double precision', kind='number') -%}
cast(
            case
                when
                    jsonb_typeof(details -> '{{ name }}') = '{{ kind }}'
                    and pg_input_is_valid(details ->> '{{ name }}', '{{ type }}')
                    then details ->> '{{ name }}'
            end as {{ type }}
        )
{%- endmacro %}
