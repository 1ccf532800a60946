{#-
  The last row of each position that ended by the last date built: of this build, or as published where it does not
  replace it, also of portfolios that it does not cover. positions: a CTE with portfolio_id, position_id, last_session.
-#}
{% macro ended_positions(positions) -%}
{%- set values = ref('int_position_values') -%}
{%- set dates = ref('stg_ops__portfolio_dates') -%}
{%- set windows = ref('int_portfolio_windows') -%}
select ended.*
from {{ values }} as ended
where {{ is_being_built('ended') }} and not ended.is_open
{%- if not var('audit_schema') %}
union all
select ended.*
from {{ positions }} as positions
inner join {{ dates }} as dates
    on positions.portfolio_id = dates.portfolio_id and positions.last_session = dates.as_of_date
inner join {{ values }} as ended
    on
        dates.portfolio_id = ended.portfolio_id
        and dates.as_of_date = ended.as_of_date
        and dates.publication_id = ended.publication_id
        and positions.position_id = ended.position_id
left join {{ windows }} as windows
    on dates.portfolio_id = windows.portfolio_id and dates.as_of_date >= windows.from_date
where dates.superseded_at is null and windows.portfolio_id is null and not ended.is_open
{%- endif %}
{%- endmacro %}
