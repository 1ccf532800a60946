{{ config(materialized='mart', grain=['position_id', 'as_of_date']) }}

-- Greeks of option positions: per share, and times signed quantity x multiplier.
with position_values as not materialized (
    select * from {{ ref('int_position_values') }}
    where investment_class = 'OPTIONS' and {{ is_being_built() }}
),

positions as (
    select * from {{ ref('int_positions') }}
),

greeks as (
    select * from {{ ref('int_option_greeks') }}
),

sized as (
    select
        position_values.*,
        cast(position_values.quantity * positions.contract_multiplier as double precision) as units,
        positions.closed_by
    from position_values
    inner join positions on position_values.position_id = positions.position_id
),

final as (
    select
        sized.position_id,
        sized.as_of_date,
        sized.portfolio_id,
        sized.symbol,
        greeks.underlying_symbol,
        greeks.exercise,
        sized.instrument_id,
        greeks.underlying_price,
        cast(greeks.strike_price as numeric(38, 6)) as strike_price,
        greeks.expiration_date,
        greeks.years_to_expiration,
        greeks.risk_free_rate,
        greeks.rate_flag,
        greeks.dividend_yield,
        greeks.implied_volatility,
        greeks.iv_source,
        greeks.iv_status,
        sized.price as option_price,
        sized.price_flag,
        greeks.model_price,
        greeks.delta,
        greeks.gamma,
        greeks.theta,
        greeks.vega,
        greeks.rho,
        greeks.vanna,
        greeks.volga,
        greeks.charm,
        sized.units,
        sized.units * greeks.delta as position_delta,
        sized.units * greeks.gamma as position_gamma,
        sized.units * greeks.theta as position_theta,
        sized.units * greeks.vega as position_vega,
        sized.units * greeks.rho as position_rho,
        sized.units * greeks.delta * greeks.underlying_price as delta_dollars,
        sized.units * greeks.gamma * greeks.underlying_price * greeks.underlying_price / 100 as gamma_dollars_1pct,
        greeks.null_reason
    from sized
    inner join greeks on sized.instrument_id = greeks.contract and sized.as_of_date = greeks.as_of_date
    -- a position that was sold has no Greeks on the day of its exit
    where sized.is_open or sized.closed_by = 'settlement'
)

select * from final
