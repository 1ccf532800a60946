{#-
  Published facts that belong to no portfolio, as visible to the build: each date's newest publication, including the
  one in progress. since: SQL of the first date wanted.
-#}
{% macro market_rows(relation, since=first_date()) -%}
select built.*
from {{ relation }} as built
where {{ is_being_built('built') }} and built.as_of_date >= {{ since }}
{%- if not var('audit_schema') %}
union all
select published.*
from {{ relation }} as published
inner join {{ ref('stg_ops__publication_dates') }} as dates
    on published.as_of_date = dates.as_of_date and published.publication_id = dates.publication_id
where
    dates.superseded_at is null
    and dates.as_of_date >= {{ since }}
    and dates.as_of_date < {{ from_date() }}
    and published.as_of_date >= {{ since }}
{%- endif %}
{%- endmacro %}


{#- The same for portfolio facts of the portfolios being built: rows before their first date, and those being built. -#}
{% macro portfolio_rows(relation, since="date '-infinity'") -%}
select built.*
from {{ relation }} as built
where {{ is_being_built('built') }} and built.as_of_date >= {{ since }}
{%- if not var('audit_schema') %}
union all
select published.*
from {{ relation }} as published
inner join {{ ref('stg_ops__portfolio_dates') }} as dates
    on
        published.portfolio_id = dates.portfolio_id
        and published.as_of_date = dates.as_of_date
        and published.publication_id = dates.publication_id
inner join {{ ref('int_portfolio_windows') }} as windows
    on dates.portfolio_id = windows.portfolio_id and dates.as_of_date < windows.from_date
where
    dates.superseded_at is null
    and dates.as_of_date >= {{ since }}
    and published.as_of_date >= {{ since }}
{%- endif %}
{%- endmacro %}


{#-
  The rows of this model on the session before each portfolio's window, from which running totals continue. No rows
  in the first build. columns: name -> type, for the empty result of that first build.
-#}
{% macro session_before_window(columns) -%}
{%- set windows = ref('int_portfolio_windows') -%}
{#- constants for the planner, so that it does not read whole tables for one session -#}
{%- set bounds -%}
published.as_of_date between
    (select min(windows.session_before) from {{ windows }} as windows)
    and (select max(windows.session_before) from {{ windows }} as windows)
{%- endset -%}
{{ _own_rows_before(columns, 'dates.as_of_date = windows.session_before', bounds) }}
{%- endmacro %}


{#-
  The rows of this model, as published, from a date on and before each portfolio's window. No rows in the first
  build. columns: name -> type, as above; since: SQL of the first date wanted.
-#}
{% macro rows_before_window(columns, since) -%}
{%- set bounds -%}
dates.as_of_date >= {{ since }}
    and published.as_of_date >= {{ since }}
{%- endset -%}
{{ _own_rows_before(columns, 'dates.as_of_date < windows.from_date', bounds) }}
{%- endmacro %}


{#- Published rows of this model on the dates that relate to a portfolio's window as `on_dates` says, within `bounds`. -#}
{% macro _own_rows_before(columns, on_dates, bounds) -%}
{#- outside the condition, so that dbt knows both references -#}
{%- set windows = ref('int_portfolio_windows') -%}
{%- set dates = ref('stg_ops__portfolio_dates') -%}
select
{%- if has_history() and not var('audit_schema') %}
    {%- for name in columns %}
    published.{{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ this }} as published
inner join {{ dates }} as dates
    on
        published.portfolio_id = dates.portfolio_id
        and published.as_of_date = dates.as_of_date
        and published.publication_id = dates.publication_id
inner join {{ windows }} as windows
    on dates.portfolio_id = windows.portfolio_id and {{ on_dates }}
where
    dates.superseded_at is null
    and {{ bounds }}
{%- else %}
    {%- for name, type in columns.items() %}
    cast(null as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
where false
{%- endif %}
{%- endmacro %}


{#-
  Rows that a test checks: those being built; with test_all_dates every row that readers see. market: facts that
  belong to no portfolio. before: also the sessions before the window (from `since` on), for tests that compare with
  the day before.
-#}
{% macro tested_rows(relation, market=false, before=false, since=none) -%}
{%- set dates = ref('stg_ops__publication_dates') if market else ref('stg_ops__portfolio_dates') -%}
{%- if var('test_all_dates') and not var('audit_schema') -%}
select published.*
from {{ relation }} as published
inner join {{ dates }} as dates
    on
        published.as_of_date = dates.as_of_date
        and published.publication_id = dates.publication_id
        {%- if not market %}
        and published.portfolio_id = dates.portfolio_id
        {%- endif %}
where dates.superseded_at is null
{%- elif before -%}
{{ market_rows(relation) if market else portfolio_rows(relation, since=since or "date '-infinity'") }}
{%- else -%}
select * from {{ relation }} where {{ is_being_built() }}
{%- endif -%}
{%- endmacro %}


{#- Joins the split period of a symbol on a session; before the first split there is no row (ratio 1). `since` is
    ex_date for a stated date, which may not be a session. -#}
{% macro join_split_period(splits, alias, symbol, on_date, since='ex_session') -%}
left join {{ splits }} as {{ alias }}
    on
        {{ symbol }} = {{ alias }}.symbol
        and {{ on_date }} >= {{ alias }}.{{ since }}
        and ({{ on_date }} < {{ alias }}.next_{{ since }} or {{ alias }}.next_{{ since }} is null)
{%- endmacro %}


{#- The newest version of each key of a versioned mart, including the build in progress. -#}
{% macro newest_versions(relation, key) -%}
select * from (
    select distinct on ({{ key | join(', ') }}) *
    from {{ relation }}
    {%- if not var('audit_schema') %}
    where
        {{ is_being_built() }}
        or publication_id in (select publications.publication_id from {{ ref('stg_ops__publications') }} as publications)
    {%- endif %}
    order by {{ key | join(', ') }}, publication_id desc
) as versions
where not is_removed
{%- endmacro %}
