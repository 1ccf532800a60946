{#- How many sessions of returns the longest window of any engine reaches back, the as-of date included. -#}
{% macro history_sessions() -%}
{{ return([
    var('volatility_rules').percentile_window + var('volatility_rules').short_window - 1,
    var('risk_rules').window,
    var('correlation_rules').window,
    var('backtest_window') + var('volatility_rules').short_window,
] | max) }}
{%- endmacro %}
