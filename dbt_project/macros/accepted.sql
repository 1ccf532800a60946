{#-
  A condition of a where clause that is true where the argument of a function is one of the values, else an error that
  names them: a word that no statement knows would have no rows, or figures of another one.
-#}
{% macro accepted(argument, value, values) -%}
access.is_accepted(
        {{ value }} in ('{{ values | join("', '") }}'),
        '{{ argument }} is {{ values[:-1] | join(", ") }} or {{ values[-1] }}, not ' || coalesce({{ value }}, 'null')
    )
{%- endmacro %}
