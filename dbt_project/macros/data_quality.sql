{#- Market value in scope of the method that an analytic does not measure, private positions included; to the cent. -#}
{% macro unmeasured_value(scope, measured) -%}
cast(round(cast(
            coalesce({{ scope }}.gross_market_value, 0) - {{ scope }}.cash_market_value
            + {{ scope }}.private_market_value - coalesce({{ measured }}, 0)
        as numeric), 2) as double precision)
{%- endmacro %}


{#-
  The columns coverage_of_gross, coverage_of_equity, is_limited and quality_flag of a portfolio analytic.
  scope: alias of int_portfolio_scopes; analyzed, limited, measured: SQL expressions for the number of measured
  positions, whether one of them has a short history, and their gross market value, each without cash.
-#}
{% macro quality_columns(scope, analyzed, limited, measured) -%}
{%- set unmeasured = unmeasured_value(scope, measured) -%}
{%- set of_gross -%}
case
            when coalesce({{ analyzed }}, 0) = 0 then 0
            else 1 - {{ unmeasured }} / nullif(
                coalesce({{ scope }}.gross_market_value, 0) + {{ scope }}.private_market_value, 0
            )
        end
{%- endset -%}
{%- set of_equity -%}
case
            when not {{ scope }}.equity > 0 then null
            when coalesce({{ analyzed }}, 0) = 0 then 0
            else greatest(0, 1 - {{ unmeasured }} / {{ scope }}.equity)
        end
{%- endset -%}
cast({{ of_gross }} as double precision) as coverage_of_gross,
        cast({{ of_equity }} as double precision) as coverage_of_equity,
        coalesce({{ limited }}, false) as is_limited,
        case
            when {{ scope }}.positions_in_scope = 0 then 'no_public_positions'
            when coalesce({{ analyzed }}, 0) = 0 then 'no_factor_data'
            when least({{ of_gross }}, {{ of_equity }}) < {{ var('full_coverage_share') }} then 'partially_covered'
            when {{ limited }} then 'limited_history'
            else 'full_history'
        end as quality_flag
{%- endmacro %}


{#-
  The quality of an analytic as readable sentences, from the columns of quality_columns and int_unmeasured_positions
  and full_history_sessions (sessions from which a history is full): the flag, a short history, the measured shares, and the positions that are not measured.
  lacking: what no position has enough of where nothing is measured.
-#}
{% macro quality_message(lacking='return history') -%}
concat_ws(
            ' ',
            case quality_flag
                when 'no_public_positions' then 'No public positions: there is nothing to compute this from.'
                when 'no_factor_data' then 'No position has enough {{ lacking }} for this yet.'
                when 'partially_covered' then concat(
                    {{ percent('coverage_of_gross') }}, ' of gross market value',
                    ' and ' || {{ percent('coverage_of_equity') }} || ' of equity', ' are measured.'
                )
                when 'full_history' then 'Every analyzed position has a full window of returns.'
            end,
            case
                when is_limited and quality_flag in ('partially_covered', 'limited_history')
                    then concat('Some positions have fewer than ', full_history_sessions, ' sessions of returns.')
            end,
            'Not measured: ' || array_to_string(positions_not_measured, ', ')
            || case
                when unmeasured_symbols > cardinality(positions_not_measured)
                    then concat(' and ', unmeasured_symbols - cardinality(positions_not_measured), ' more')
                else ''
            end || '.'
        )
{%- endmacro %}


{#- A share as a percentage in text, never rounded up to 100. -#}
{% macro percent(share) -%}
trim_scale(trunc(cast(100 * {{ share }} as numeric), 1)) || ' %'
{%- endmacro %}


{#-
  Share of the market value in scope of the engines, cash included, that factor sums cover; null without positions in
  scope. summed: alias of int_portfolio_factor_sums; scope: alias of int_portfolio_scopes.
-#}
{% macro covered_share(summed, scope) -%}
case
            when {{ scope }}.positions_in_scope > 0 then coalesce(
                ({{ summed }}.covered_market_value + {{ scope }}.cash_market_value)
                / nullif({{ scope }}.gross_market_value, 0),
                -- what is worth nothing, such as an option far from its strike, may be measured as well
                case when {{ summed }}.covered_market_value is null then 0 else 1 end
            )
        end
{%- endmacro %}
