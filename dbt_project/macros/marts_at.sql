{#-
  marts_at: the marts as they were published at an instant, under the names they have in marts. The instant is a
  setting of the session, sigmasight.published_at; without it a query fails, rather than answer with today's.
  A post-hook of the marts: each history view makes its sibling, and so do the marts that have no history view.
-#}
{% macro make_mart_at() -%}
{%- set is_history = model.name.endswith('_history') -%}
{%- set without_history = ['fct_loads', 'fct_publications', 'fct_restatements', 'fct_position_stress'] -%}
{%- if not var('audit_schema') and (is_history or model.name in without_history) -%}
{%- set view = adapter.quote('marts_at') ~ '.' ~ adapter.quote(this.identifier) %}
drop view if exists {{ view }};
create view {{ view }} with (security_barrier = true) as {{ mart_at_code(is_history) }};
grant select on {{ view }} to sigmasight_analyst, sigmasight_api;
{%- endif -%}
{%- endmacro %}


{% macro mart_at_code(is_history) -%}
{%- set columns = model.columns.keys() | join(', ') -%}
{%- if model.name == 'fct_position_stress' -%}
{{ published_facts(ref('pub_position_stress'), newest=true, at=true) }}
{%- elif is_history -%}
select {{ columns }} from {{ this }} where {{ is_seen_at() }}
{%- elif model.name == 'fct_loads' -%}
select {{ columns }} from {{ this }} where finished_at <= {{ instant() }}
{%- else -%}
select {{ columns }} from {{ this }} where published_at <= {{ instant() }}
{%- endif -%}
{%- endmacro %}


{#- The session's instant. An error without one: see above. -#}
{% macro instant() -%}
cast(current_setting('sigmasight.published_at') as timestamptz)
{%- endmacro %}


{% macro is_seen_at() -%}
published_at <= {{ instant() }} and (superseded_at is null or superseded_at > {{ instant() }})
{%- endmacro %}
