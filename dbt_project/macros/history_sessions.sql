{#- Length of the longest window of any engine in sessions, the as-of date included. -#}
{% macro history_sessions() -%}
{{ return([
    var('volatility_rules').percentile_window + var('volatility_rules').short_window - 1,
    var('volatility_rules').forecast_window,
    var('risk_rules').window + var('risk_rules').filter_warmup,
    var('correlation_rules').window,
    var('liquidity_rules').long_window,
    var('benchmark_rules').window,
    var('backtest_window') + var('volatility_rules').har_horizon,
] | max) }}
{%- endmacro %}
