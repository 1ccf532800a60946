{#- CTEs of a what-if: liquidity as in fct_position_liquidity and fct_portfolio_liquidity. -#}
{% macro what_if_liquidity() -%}
traded_symbols as (
    select array_agg(distinct symbol) as symbols from positions
),

volumes as materialized (
    select
        symbol,
        average_volume_20d,
        shares_outstanding,
        null_reason
    from {{ mart('fct_symbol_liquidity') }}
    where
        as_of_date = what_if.as_of_date
        and symbol = any(array(select unnest(traded_symbols.symbols) from traded_symbols))
),

volatilities as materialized (
    select
        symbol,
        realized_volatility_21d / sqrt(252) as daily_volatility
    from {{ mart('fct_symbol_risk') }}
    where
        as_of_date = what_if.as_of_date
        and symbol = any(array(select unnest(traded_symbols.symbols) from traded_symbols))
),

bought_types as materialized (
    select
        symbol,
        security_type
    from {{ mart('dim_symbols') }}
    where symbol = any(array(select positions.symbol from positions where positions.is_bought))
),

sold_now as materialized (
    select
        position_id,
        liquidated_by
    from {{ mart('fct_position_liquidity') }}
    where portfolio_id = what_if.portfolio_id and as_of_date = what_if.as_of_date
),

sellable as (
    select
        positions.side,
        positions.position_id,
        positions.symbol,
        positions.investment_class,
        cast(abs(positions.market_value) as double precision) as value, -- noqa: RF04
        sum(abs(positions.quantity)) over (
            partition by positions.side, positions.investment_class, positions.symbol
        ) as quantity_of_symbol,
        case
            when positions.investment_class = 'PRIVATE' then 'private'
            when positions.is_cash_equivalent then 'cash'
            when sold_now.liquidated_by = 'redemption' then 'redemption'
            -- an open-end fund buys its shares back
            when
                volumes.average_volume_20d is null and positions.investment_class = 'PUBLIC'
                and types.security_type = 'MUTUAL_FUND' then 'redemption'
            else 'volume'
        end as liquidated_by,
        volumes.average_volume_20d,
        volumes.shares_outstanding,
        volumes.null_reason as volume_null_reason,
        volatilities.daily_volatility
    from positions
    left join sold_now on positions.position_id = sold_now.position_id
    left join volumes on positions.symbol = volumes.symbol
    left join volatilities on positions.symbol = volatilities.symbol
    left join bought_types as types on positions.symbol = types.symbol and positions.is_bought
),

{{ liquidity_steps('sellable') }},

sold as (
    select
        *,
        permanent_cost + temporary_cost as cost -- noqa: RF04
    from liquidated
),

sold_sums as (
    select
        side,
        {{ exact_sum('value') }} as gross_market_value,
        {%- for days in [1, 7, 30] %}
            {{ exact_sum('value * share_' ~ days ~ 'd') }} as value_{{ days }}d,
        {%- endfor %}
        {{ exact_sum('case when bucket is not null then value else 0 end') }} as known_value,
        {{ exact_sum('case when cost is not null then value else 0 end') }} as costed_value,
        {{ exact_sum('cost') }} as cost, -- noqa: RF04
        {{ exact_sum("case when null_reason is distinct from 'private' then value else 0 end") }} as public_value,
        {{ exact_sum('case when days_to_liquidate is not null then value else 0 end') }} as paced_value,
        cast(max(days_to_liquidate) as double precision) as days_to_liquidate_100,
        bool_or(coalesce(null_reason = 'not_traded', false)) as is_blocked
    from sold
    group by side
),

{{ days_to_sell('sold', 'side') }}
{%- endmacro %}


{% macro what_if_liquidity_figures() -%}
unwound as (
    select
        sold_sums.side,
        greatest(1, ceil(sold_sums.days_to_liquidate_100)) as days
    from sold_sums
    where
        not sold_sums.is_blocked and sold_sums.days_to_liquidate_100 is not null
        and sold_sums.paced_value >= {{ var('liquidity_rules').known_share }} * sold_sums.public_value
),

liquidity_figures as (
    select
        totals.side,
        'liquidity' as section,
        cast(null as text) as model,
        cast(null as text) as part,
        figures.figure,
        figures.unit,
        figures.value,
        figures.coverage,
        case
            when figures.value is not null then null
            when totals.position_count = 0 then 'nothing_held'
            when figures.figure = 'liquidity_adjusted_var' and tails.value_at_risk is null then 'no_value_at_risk'
            when figures.figure = 'liquidity_adjusted_var' and sold_sums.is_blocked then 'not_traded'
            else 'no_volume'
        end as null_reason
    from totals
    left join sold_sums on totals.side = sold_sums.side
    left join reached on totals.side = reached.side
    left join unwound on totals.side = unwound.side
    left join tails on totals.side = tails.side and tails.method = 'historical' and tails.confidence = 0.95
    cross join lateral (
        select
            sold_sums.known_value / nullif(sold_sums.gross_market_value, 0) as known_share,
            sold_sums.costed_value / nullif(sold_sums.gross_market_value, 0) as costed_share
    ) as shares_known
    cross join lateral (
        values
        {%- for days in [1, 7, 30] %}
            (
                'share_{{ days }}d', 'ratio', known_share,
                case when sold_sums.known_value > 0 then sold_sums.value_{{ days }}d / sold_sums.gross_market_value end
            ),
        {%- endfor %}
        ('days_to_liquidate_95', 'sessions', known_share, cast(reached.days_to_liquidate_95 as double precision)),
        ('days_to_liquidate_100', 'sessions', known_share, sold_sums.days_to_liquidate_100),
        ('cost', 'USD', costed_share, sold_sums.cost),
        (
            'liquidity_adjusted_var', 'USD', known_share,
            tails.value_at_risk * sqrt((unwound.days + 1) * (2 * unwound.days + 1) / (6 * unwound.days))
        )
    ) as figures (figure, unit, coverage, value)
)
{%- endmacro %}
