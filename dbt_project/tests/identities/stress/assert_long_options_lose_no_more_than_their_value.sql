-- A long option loses at most its model value, in any scenario.
with security_stress as (
    select * from ({{ tested_rows(ref('int_security_stress'), market=true) }}) as tested
),

greeks as (
    select * from ({{ tested_rows(ref('fct_position_greeks')) }}) as tested
    where null_reason is null
),

positions as (
    select * from {{ ref('int_positions') }}
),

contracts as (
    select distinct
        greeks.as_of_date,
        greeks.instrument_id,
        greeks.underlying_price,
        {{ function('bs_price') }}(
            positions.option_type, greeks.underlying_price, cast(greeks.strike_price as double precision),
            greeks.years_to_expiration, greeks.risk_free_rate, greeks.dividend_yield, greeks.implied_volatility
        ) as price
    from greeks
    inner join positions on greeks.position_id = positions.position_id
)

select
    security_stress.*,
    contracts.price
from security_stress
inner join contracts
    on
        security_stress.as_of_date = contracts.as_of_date
        and security_stress.instrument_id = contracts.instrument_id
where
    least(security_stress.direct_pnl, security_stress.correlated_pnl, security_stress.replay_pnl)
    < -contracts.price - 1e-9 * contracts.underlying_price
