{#-
  The rows of this model on the session before the window: where running totals continue from. No rows in the
  first build. columns: name -> type, for the empty result of that first build.
-#}
{% macro day_before_window(columns) -%}
{%- set calendar = ref('int_calendar') -%}
select
{%- if has_history() %}
    {{ columns | join(',\n    ') }}
from {{ this }}
where as_of_date = (
    select max(as_of_date) from {{ calendar }}
    where is_trading_day and as_of_date < {{ from_date() }}
)
{%- else %}
    {%- for name, type in columns.items() %}
    cast(null as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
where false
{%- endif %}
{%- endmacro %}


{#- Joins the split period that a symbol is in on a date; outside all periods nothing is found (ratio 1). -#}
{% macro join_split_period(splits, alias, symbol, on_date) -%}
left join {{ splits }} as {{ alias }}
    on
        {{ symbol }} = {{ alias }}.symbol
        and {{ on_date }} >= {{ alias }}.ex_session
        and ({{ on_date }} < {{ alias }}.next_ex_session or {{ alias }}.next_ex_session is null)
{%- endmacro %}
