{#- How many sessions of returns the longest window of any engine reaches back, the as-of date included. -#}
{% macro history_sessions() -%}
{{ return([
    var('volatility_percentile_window') + var('volatility_short_window') - 1,
    var('var_window'),
    var('correlation_window'),
    var('backtest_window') + var('volatility_short_window'),
] | max) }}
{%- endmacro %}
