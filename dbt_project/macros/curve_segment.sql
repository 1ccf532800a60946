{#- Joins the segment of the yield curve for the time to expiration of an option; none without any curve so far. -#}
{% macro join_curve_segment(options, on_date) -%}
left join curves
    on
        {{ on_date }} = curves.as_of_date
        and {{ options }}.years_to_expiration >= curves.from_years
        and {{ options }}.years_to_expiration < curves.before_years
{%- endmacro %}


{#- The yield on that segment; 0 without any curve so far, which has a flag. -#}
{% macro risk_free_rate(options) -%}
coalesce(curves.rate_at_start + curves.slope * ({{ options }}.years_to_expiration - curves.start_years), 0)
{%- endmacro %}
