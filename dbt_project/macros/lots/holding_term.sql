{#-
  short or long: held for more than a year, which begins the day after the acquisition and is counted in calendar months
  (Revenue Ruling 66-7). Gains of shorts and of written options are short-term. Null if the day is not known.
-#}
{% macro holding_term(acquired_on) -%}
case
            when not is_short and not is_dated then null
            when not is_short and disposed_on >= cast({{ acquired_on }} + 1 as timestamp) + interval '1 year' then 'long'
            else 'short'
        end
{%- endmacro %}
