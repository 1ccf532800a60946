{#- Multiplier of the stress P&L of one unit: market value of a stock, underlying shares of an option. -#}
{% macro stress_units(values='') -%}
{%- set column = values ~ '.' if values else '' -%}
cast(case {{ column }}investment_class
            when 'OPTIONS' then {{ column }}quantity * 100
            when 'PUBLIC' then {{ column }}market_value
        end as double precision)
{%- endmacro %}


{#- Power of the VIX's move by which implied volatility moves. broad: alias of broad_underlyings, left joined. -#}
{% macro volatility_sensitivity(broad) -%}
case
                when {{ broad }}.symbol is not null then {{ var('broad_sensitivity') }}
                else {{ var('single_name_sensitivity') }}
            end
{%- endmacro %}


{#- First or last date of a scenario's historical period, `2008-09-12 to 2009-03-09`. -#}
{% macro period_date(end) -%}
cast(split_part(historical_period, ' to ', {{ {'first': 1, 'last': 2}[end] }}) as date)
{%- endmacro %}


{#-
  Why a stress result is not believable, as codes separated by commas; null if it is. values: alias of a row with the
  P&L, the equity, the market's shock, the book of int_stress_books and the earlier direct P&L; an unknown value raises
  no doubt.
-#}
{% macro stress_doubts(values) -%}
{%- set limits = var('stress_limits') -%}
nullif(concat_ws(
            ', ',
            case
                when
                    {{ values }}.market_shock <= {{ limits.fall }}
                    and {{ ratio_to_market_beta(values) }} not between
                    case
                        when {{ values }}.scenario_id in ('{{ limits.style_scenarios | join("', '") }}')
                            then {{ limits.lowest_ratio_of_styles }}
                        else {{ limits.lowest_ratio }}
                    end
                    and {{ limits.highest_ratio }}
                    then 'unlike_market_beta'
            end,
            case
                when abs({{ values }}.direct_pnl - {{ values }}.earlier_pnl) > {{ limits.change }} * {{ values }}.equity
                    then 'sudden_change'
            end,
            case
                when
                    {{ values }}.market_shock is not null
                    and abs({{ values }}.correlated_pnl - {{ values }}.direct_pnl)
                    > {{ limits.correlation }} * {{ values }}.equity
                    then 'correlation_outweighs'
            end,
            case
                when abs({{ values }}.replay_pnl - {{ values }}.direct_pnl) > {{ limits.replay }} * {{ values }}.equity
                    then 'unlike_replay'
            end
        ), '')
{%- endmacro %}


{#- The result per dollar invested, relative to that of the book's market beta alone. -#}
{% macro ratio_to_market_beta(values) -%}
{{ values }}.direct_pnl / {{ values }}.invested / (power(1 + {{ values }}.market_shock, {{ values }}.book_beta) - 1)
{%- endmacro %}
