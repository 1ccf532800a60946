-- Option positions of the dates being built that have Greeks, with the inputs for repricing them.
with greeks as (
    select * from {{ ref('fct_position_greeks') }}
    where null_reason is null and {{ is_being_built() }}
),

positions as (
    select * from {{ ref('int_positions') }}
),

final as (
    select
        greeks.portfolio_id,
        greeks.as_of_date,
        greeks.instrument_id as contract,
        greeks.underlying_symbol as symbol,
        positions.option_type,
        greeks.exercise,
        greeks.underlying_price,
        cast(greeks.strike_price as double precision) as strike_price,
        greeks.years_to_expiration,
        greeks.risk_free_rate,
        greeks.dividend_yield,
        greeks.implied_volatility,
        greeks.delta,
        sum(greeks.units order by greeks.position_id) as units
    from greeks
    inner join positions on greeks.position_id = positions.position_id
    group by
        greeks.portfolio_id, greeks.as_of_date, greeks.instrument_id, greeks.underlying_symbol, positions.option_type,
        greeks.exercise, greeks.underlying_price, greeks.strike_price, greeks.years_to_expiration,
        greeks.risk_free_rate, greeks.dividend_yield, greeks.implied_volatility, greeks.delta
)

select * from final
