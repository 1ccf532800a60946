{#- CTEs of a what-if: Greeks as in fct_portfolio_greeks. A bought option has the Greeks of the lot held. -#}
{% macro what_if_greeks() -%}
{%- set names = ['delta', 'gamma', 'theta', 'vega', 'rho'] -%}
option_greeks as (
    select
        positions.side,
        positions.position_id,
        positions.is_bought,
        {%- for name in names %}
            positions.units * greeks.{{ name }} as {{ name }},
        {%- endfor %}
        positions.units * greeks.delta * greeks.underlying_price as delta_dollars,
        positions.units * greeks.gamma * greeks.underlying_price * greeks.underlying_price / 100 as gamma_dollars_1pct
    from positions
    left join {{ mart('fct_position_greeks') }} as greeks
        on
            positions.position_id = greeks.position_id
            and greeks.portfolio_id = what_if.portfolio_id
            and greeks.as_of_date = what_if.as_of_date
    where positions.investment_class = 'OPTIONS'
),

option_sums as (
    select
        side,
        {%- for name in names + ['delta_dollars', 'gamma_dollars_1pct'] %}
            sum({{ name }} order by position_id, is_bought) as {{ name }},
        {%- endfor %}
        count(*) as option_count,
        count(delta) as known_count
    from option_greeks
    group by side
),

shares as (
    select
        side,
        cast(sum(quantity) as double precision) as delta,
        cast(sum(market_value) as double precision) as delta_dollars
    from positions
    where investment_class = 'PUBLIC' and not is_cash_equivalent
    group by side
),

greek_figures as (
    select
        scopes.side,
        'greeks' as section,
        cast(null as text) as model,
        cast(null as text) as part,
        figures.figure,
        figures.unit,
        case
            when scopes.positions_in_scope > 0 or figures.unit = 'positions' then figures.share + figures.of_options
        end as value, -- noqa: RF04
        case
            when scopes.positions_in_scope > 0
                then coalesce(option_sums.known_count / cast(nullif(option_sums.option_count, 0) as double precision), 1)
        end as coverage,
        case
            when figures.unit = 'positions' then null
            when scopes.positions_in_scope = 0 then 'no_public_positions'
            when figures.of_options is null then 'options_without_greeks'
        end as null_reason
    from scopes
    left join option_sums on scopes.side = option_sums.side
    left join shares on scopes.side = shares.side
    cross join lateral (
        values
        {%- for name in names + ['delta_dollars', 'gamma_dollars_1pct'] %}
            (
                '{{ name }}', '{{ 'USD' if 'dollars' in name else 'greek' }}',
                {{ 'coalesce(shares.' ~ name ~ ', 0)' if name in ['delta', 'delta_dollars'] else 'cast(0 as double precision)' }},
                case when option_sums.side is null then 0 else option_sums.{{ name }} end
            ),
        {%- endfor %}
        ('option_count', 'positions', 0, coalesce(option_sums.option_count, 0))
    ) as figures (figure, unit, share, of_options)
)
{%- endmacro %}
