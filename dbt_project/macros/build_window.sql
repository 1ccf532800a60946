{#- The dates being built and the instant up to which rows are known, as SQL literals. -#}
{% macro from_date() -%} date '{{ var("from_date") }}' {%- endmacro %}

{% macro to_date() -%} date '{{ var("to_date") }}' {%- endmacro %}

{% macro known_at() -%} timestamptz '{{ var("known_at") }}' {%- endmacro %}

{#- True when the model's table holds rows of earlier dates that the build continues from. -#}
{% macro has_history() -%}
    {%- if execute -%}
        {{ return(load_cached_relation(this) is not none and not flags.FULL_REFRESH) }}
    {%- else -%}
        {{ return(false) }}
    {%- endif -%}
{%- endmacro %}
