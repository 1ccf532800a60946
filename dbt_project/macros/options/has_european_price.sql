{#- Whether an option of int_option_greeks has the European price: by its terms, or as early exercise is worth nothing. -#}
{% macro has_european_price() -%}
(
            exercise = 'EUROPEAN'
            or (option_type = 'CALL' and dividend_yield = 0 and risk_free_rate >= 0)
            or (option_type = 'PUT' and risk_free_rate = 0 and dividend_yield >= 0)
        )
{%- endmacro %}
