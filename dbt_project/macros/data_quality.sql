{#- quality_flag of a portfolio analytic. scope: alias of int_portfolio_scopes; analyzed, limited: SQL expressions. -#}
{% macro quality_flag(scope, analyzed, limited) -%}
case
            when {{ scope }}.positions_in_scope = 0 then 'no_public_positions'
            when coalesce({{ analyzed }}, 0) = 0 then 'no_factor_data'
            when {{ limited }} then 'limited_history'
            else 'full_history'
        end
{%- endmacro %}


{#- The quality flag as a readable sentence. -#}
{% macro quality_message(flag='quality_flag') -%}
case {{ flag }}
            when 'no_public_positions' then 'No public positions: there is nothing to compute this from.'
            when 'no_factor_data' then 'No position has enough return history for this yet.'
            when 'limited_history' then 'Some positions have less than nine tenths of the window.'
            else 'Every analyzed position has a full window of returns.'
        end
{%- endmacro %}


{#-
  Share of the market value in scope of the engines, cash included, that factor sums cover; null without positions in
  scope. summed: alias of int_portfolio_factor_sums; scope: alias of int_portfolio_scopes.
-#}
{% macro covered_share(summed, scope) -%}
case
            when {{ scope }}.positions_in_scope > 0 then coalesce(
                ({{ summed }}.covered_market_value + {{ scope }}.cash_market_value)
                / nullif({{ scope }}.gross_market_value, 0), 0
            )
        end
{%- endmacro %}
