{#- udf.<name> for the option of a row of int_option_greeks, with one of its inputs replaced. -#}
{% macro option_value(name, option_type='option_type', spot='underlying_price', years='years_to_expiration',
                      rate='risk_free_rate', volatility='implied_volatility') -%}
{{ function(name) }}({{ option_type }}, {{ spot }}, strike_price, {{ years }}, {{ rate }}, dividend_yield, {{ volatility }})
{%- endmacro %}


{#- The slope of a price in one of its inputs, by the difference of two prices. -#}
{% macro bumped(name, input, column, bump) -%}
{%- set up = {input: column ~ ' + ' ~ bump} -%}
{%- set down = {input: column ~ ' - ' ~ bump} -%}
({{ option_value(name, **up) }} - {{ option_value(name, **down) }}) / (2 * {{ bump }})
{%- endmacro %}
