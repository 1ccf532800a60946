{#-
  The variance that shares are of: null where the volatility is 0, or less than 1e-6 USD a year by the rounding of
  dollar exposures. variance: SQL expression, a year and of equity; equity: in USD.
-#}
{% macro divisible_variance(variance, equity) -%}
case when sqrt({{ variance }}) * {{ equity }} >= 1e-6 then {{ variance }} end
{%- endmacro %}
