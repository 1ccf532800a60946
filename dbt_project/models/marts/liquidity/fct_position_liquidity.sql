{{ config(materialized='mart', packed=true, grain=['position_id', 'as_of_date']) }}

-- Days in which positions can be sold, or bought back, by trading a share of the average volume, and what that costs
-- (Almgren, Thum, Hauptmann and Li 2005). The lots of a symbol share its volume, so that all take as long as their sum.
-- Days are sessions; the first is the one after the date.
with position_values as (
    select * from {{ ref('int_position_values') }}
    where is_open and {{ is_being_built() }}
),

positions as (
    select * from {{ ref('int_positions') }}
),

mutual_funds as (
    select distinct symbol from {{ ref('stg_raw__company_profiles') }}
    where security_type = 'MUTUAL_FUND'
),

volumes as (
    select * from ({{ market_rows(ref('fct_symbol_liquidity')) }}) as visible
),

volatilities as (
    select * from ({{ market_rows(ref('fct_symbol_risk')) }}) as visible
),

joined as (
    select
        position_values.position_id,
        position_values.as_of_date,
        position_values.portfolio_id,
        position_values.symbol,
        position_values.investment_class,
        cast(abs(position_values.market_value) as double precision) as value, -- noqa: RF04
        sum(abs(position_values.quantity)) over (
            partition by
                position_values.portfolio_id,
                position_values.as_of_date,
                position_values.investment_class,
                position_values.symbol
        ) as quantity_of_symbol,
        case
            when position_values.investment_class = 'PRIVATE' then 'private'
            when position_values.is_cash_equivalent then 'cash'
            -- an open-end fund buys its shares back
            when
                volumes.average_volume_20d is null
                and position_values.investment_class = 'PUBLIC'
                and (mutual_funds.symbol is not null or positions.investment_subtype = 'MUTUAL_FUND')
                then 'redemption'
            else 'volume'
        end as liquidated_by,
        volumes.average_volume_20d,
        volumes.shares_outstanding,
        volumes.null_reason as volume_null_reason,
        volatilities.realized_volatility_21d / sqrt(252) as daily_volatility
    from position_values
    inner join positions on position_values.position_id = positions.position_id
    left join mutual_funds on position_values.symbol = mutual_funds.symbol
    left join volumes
        on position_values.symbol = volumes.symbol and position_values.as_of_date = volumes.as_of_date
    left join volatilities
        on position_values.symbol = volatilities.symbol and position_values.as_of_date = volatilities.as_of_date
),

{{ liquidity_steps('joined') }},

final as (
    select
        position_id,
        as_of_date,
        portfolio_id,
        symbol,
        case when null_reason is null or null_reason = 'not_traded' then liquidated_by end as liquidated_by,
        quantity_of_symbol,
        share_of_volume,
        cast(days_to_liquidate as double precision) as days_to_liquidate,
        share_1d,
        share_7d,
        share_30d,
        bucket,
        null_reason,
        permanent_cost,
        temporary_cost,
        permanent_cost + temporary_cost as cost, -- noqa: RF04
        cost_null_reason
    from liquidated
)

select * from final
