{#-
  CTEs on how fast and at what cost positions are sold, the last of them liquidated. joined: a relation with investment_class,
  value (USD), quantity_of_symbol, liquidated_by, average_volume_20d, volume_null_reason, shares_outstanding and
  daily_volatility.
-#}
{% macro liquidity_steps(joined) -%}
{%- set rules = var('liquidity_rules') -%}
judged as (
    select
        *,
        case
            when liquidated_by = 'private' then 'private'
            when liquidated_by <> 'volume' then null
            when average_volume_20d is null and investment_class = 'OPTIONS' then 'no_option_volume'
            when average_volume_20d is null then coalesce(volume_null_reason, 'no_volume')
            when average_volume_20d = 0 then 'not_traded'
        end as null_reason,
        case
            when liquidated_by = 'volume'
                then cast(quantity_of_symbol as double precision) / nullif(average_volume_20d, 0)
        end as share_of_volume
    from {{ joined }}
),

timed as (
    select
        *,
        case
            when null_reason is not null then null
            when liquidated_by = 'cash' then 0
            when liquidated_by = 'redemption' then {{ rules.redemption_days }}
            else share_of_volume / {{ rules.participation }}
        end as days_to_liquidate,
        case
            when null_reason is not null then null_reason
            when liquidated_by <> 'volume' then null
            when investment_class = 'OPTIONS' then 'option'
            when daily_volatility is null then 'no_volatility'
            when shares_outstanding is null then 'no_shares_outstanding'
        end as cost_null_reason
    from judged
),

-- per dollar sold: half of the permanent move of the price, as it grows with what is sold, and all of the temporary one
costed as (
    select
        *,
        case
            when null_reason is not null then null
            when liquidated_by <> 'volume' then 0
            else
                value * daily_volatility / 2 * {{ rules.permanent_impact }} * share_of_volume
                * power(shares_outstanding / average_volume_20d, {{ rules.shares_exponent }})
        end as permanent_cost,
        case
            when null_reason is not null then null
            when liquidated_by <> 'volume' then 0
            else
                value * daily_volatility * {{ rules.temporary_impact }}
                * power(cast({{ rules.participation }} as double precision), {{ rules.temporary_exponent }})
        end as temporary_cost
    from timed
),

liquidated as (
    select
        *,
        case
            when null_reason in ('private', 'not_traded') then 0
            when days_to_liquidate > 1 then 1 / days_to_liquidate
            when days_to_liquidate is not null then 1
        end as share_1d,
        case
            when null_reason in ('private', 'not_traded') then 0
            when days_to_liquidate > 7 then 7 / days_to_liquidate
            when days_to_liquidate is not null then 1
        end as share_7d,
        case
            when null_reason in ('private', 'not_traded') then 0
            when days_to_liquidate > 30 then 30 / days_to_liquidate
            when days_to_liquidate is not null then 1
        end as share_30d,
        case
            when null_reason in ('private', 'not_traded') then 'illiquid'
            when days_to_liquidate <= {{ rules.highly_liquid_days }} then 'highly_liquid'
            when days_to_liquidate <= {{ rules.moderately_liquid_days }} then 'moderately_liquid'
            when days_to_liquidate <= {{ rules.less_liquid_days }} then 'less_liquid'
            when days_to_liquidate is not null then 'illiquid'
        end as bucket
    from costed
)
{%- endmacro %}


{#-
  CTEs on when a share of a portfolio is sold, the last of them reached (keys, days_to_liquidate_95). When a symbol is done,
  those that were faster are too, and the others have been sold at their speed. positions: a relation with the keys,
  position_id, symbol, days_to_liquidate and value.
-#}
{% macro days_to_sell(positions, keys) -%}
{%- set rules = var('liquidity_rules') -%}
symbols as (
    select
        {{ keys }},
        symbol,
        days_to_liquidate,
        sum(value order by position_id) as value -- noqa: RF04
    from {{ positions }}
    where days_to_liquidate is not null
    group by {{ keys }}, symbol, days_to_liquidate
),

paced as (
    select
        *,
        {{ rules.days_share }} * sum(value) over (
            partition by {{ keys }} order by days_to_liquidate, symbol
            rows between unbounded preceding and unbounded following
        ) as target_value,
        coalesce(sum(value) over (
            partition by {{ keys }} order by days_to_liquidate, symbol
            rows between unbounded preceding and 1 preceding
        ), 0) as value_of_faster,
        sum(value / nullif(days_to_liquidate, 0)) over (
            partition by {{ keys }} order by days_to_liquidate, symbol
            rows between current row and unbounded following
        ) as speed
    from symbols
),

reached as (
    select distinct on ({{ keys }})
        {{ keys }},
        -- all that is left may be worth less than half a cent
        case when days_to_liquidate > 0 then coalesce((target_value - value_of_faster) / nullif(speed, 0), 0) else 0 end
            as days_to_liquidate_95
    from paced
    -- the slowest always reaches it, whatever the rounding
    order by
        {{ keys }},
        -- what is cash is there at once
        value_of_faster + case when days_to_liquidate > 0 then days_to_liquidate * coalesce(speed, 0) else value end
        < target_value asc,
        days_to_liquidate asc,
        symbol asc
)
{%- endmacro %}
