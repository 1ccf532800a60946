{#-
  The build in progress, read from session settings by ops.build_*, so that the compiled SQL of a model is the same
  every night. from_date: first session of market facts and of most portfolios; first_date: earliest session of any
  portfolio; to_date: last session built; known_at: rows loaded later are ignored.
-#}
{% macro from_date() -%} ops.build_from_date() {%- endmacro %}

{% macro first_date() -%} ops.build_first_date() {%- endmacro %}

{% macro to_date() -%} ops.build_to_date() {%- endmacro %}

{#- In a subquery: evaluated once, not for each row. -#}
{% macro known_at() -%} (select ops.build_known_at()) {%- endmacro %}

{% macro publication_id() -%} ops.build_publication_id() {%- endmacro %}


{#- Condition on a published table that selects the rows of the build in progress. -#}
{% macro is_being_built(alias='') -%}
{{ alias ~ '.' if alias }}publication_id = {{ publication_id() }}
{%- endmacro %}


{#- Condition on rows with a portfolio_id: the build in progress does not leave their portfolio out. -#}
{% macro is_not_excluded(alias) -%}
not exists (
        select from ops.build_exclusions as excluded
        where excluded.publication_id = {{ publication_id() }} and excluded.portfolio_id = {{ alias }}.portfolio_id
    )
{%- endmacro %}


{#- True when the model's table already exists, with earlier dates that the build continues from. -#}
{% macro has_history() -%}
    {%- if execute -%}
        {{ return(load_cached_relation(this) is not none and not flags.FULL_REFRESH) }}
    {%- else -%}
        {{ return(false) }}
    {%- endif -%}
{%- endmacro %}
