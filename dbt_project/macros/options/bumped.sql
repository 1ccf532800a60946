{#- Call of udf.<name> with the option inputs of int_option_greeks; arguments replace single inputs. -#}
{% macro option_value(name, option_type='option_type', spot='underlying_price', years='years_to_expiration',
                      rate='risk_free_rate', volatility='implied_volatility') -%}
{{ function(name) }}({{ option_type }}, {{ spot }}, strike_price, {{ years }}, {{ rate }}, dividend_yield, {{ volatility }})
{%- endmacro %}


{#-
  Finite difference of a function with respect to one input, of fourth order: the error of the central one is too large
  where the function bends within a few bumps.
-#}
{% macro bumped(name, input, column, bump) -%}
(
            8 * ({{ difference(name, input, column, bump) }})
            - ({{ difference(name, input, column, '2 * ' ~ bump) }})
        ) / (12 * {{ bump }})
{%- endmacro %}


{#- The function at a bump above the input, less that at a bump below it. -#}
{% macro difference(name, input, column, bump) -%}
{%- set up = {input: column ~ ' + ' ~ bump} -%}
{%- set down = {input: column ~ ' - ' ~ bump} -%}
{{ option_value(name, **up) }} - {{ option_value(name, **down) }}
{%- endmacro %}
