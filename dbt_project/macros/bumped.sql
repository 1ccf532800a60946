{#- Call of udf.<name> with the option inputs of int_option_greeks; arguments replace single inputs. -#}
{% macro option_value(name, option_type='option_type', spot='underlying_price', years='years_to_expiration',
                      rate='risk_free_rate', volatility='implied_volatility') -%}
{{ function(name) }}({{ option_type }}, {{ spot }}, strike_price, {{ years }}, {{ rate }}, dividend_yield, {{ volatility }})
{%- endmacro %}


{#- Central finite difference of a function with respect to one input. -#}
{% macro bumped(name, input, column, bump) -%}
{%- set up = {input: column ~ ' + ' ~ bump} -%}
{%- set down = {input: column ~ ' - ' ~ bump} -%}
({{ option_value(name, **up) }} - {{ option_value(name, **down) }}) / (2 * {{ bump }})
{%- endmacro %}
