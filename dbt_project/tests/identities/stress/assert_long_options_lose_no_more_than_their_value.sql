-- A long option loses at most its model value, in any scenario.
with security_stress as (
    select * from ({{ tested_rows(ref('int_security_stress'), market=true) }}) as tested
),

greeks as (
    select * from ({{ tested_rows(ref('fct_position_greeks')) }}) as tested
    where null_reason is null
),

contracts as (
    select distinct
        portfolio_id,
        as_of_date,
        instrument_id,
        underlying_price,
        model_price as price
    from greeks
)

select
    contracts.portfolio_id,
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
