-- Guards against bonds that gain when yields rise and shorts that add to a loss instead of offsetting it. Where a
-- scenario shocks one factor, a stock's P&L has the sign of beta x shock; no security loses more than its value; the
-- market moves by exactly its shock.
with security_stress as (
    select * from ({{ tested_rows(ref('int_security_stress'), market=true) }}) as tested
),

shocks as (
    select * from ({{ tested_rows(ref('int_scenario_shocks'), market=true) }}) as tested
    where shock is not null
),

betas as (
    select * from ({{ tested_rows(ref('fct_symbol_factor_betas'), market=true, before=true) }}) as tested
    where model = 'risk'
),

market as (
    select proxy_symbol as symbol from {{ ref('factors') }}
    where model = 'risk' and factor = 'Market'
),

stress as (
    select
        security_stress.*,
        shocks.factor,
        shocks.shock,
        betas.beta,
        betas.symbol = market.symbol as is_market
    from security_stress
    inner join shocks
        on
            security_stress.as_of_date = shocks.as_of_date
            and security_stress.scenario_id = shocks.scenario_id
    inner join betas
        on
            security_stress.instrument_id = betas.symbol
            and security_stress.as_of_date = betas.as_of_date
            and shocks.factor = betas.factor
    cross join market
),

shocked_factors as (
    select
        scenario_id,
        count(*) as factor_count
    from {{ ref('scenarios') }}
    group by scenario_id
)

select stress.*
from stress
inner join shocked_factors on stress.scenario_id = shocked_factors.scenario_id
where
    stress.direct_pnl < -1 - 1e-12
    or (shocked_factors.factor_count = 1 and sign(stress.direct_pnl) <> sign(stress.beta * stress.shock))
    or (stress.is_market and stress.factor = 'Market' and abs(stress.direct_pnl - stress.shock) > 1e-12)
