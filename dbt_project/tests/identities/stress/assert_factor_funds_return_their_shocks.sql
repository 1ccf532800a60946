-- The fund of the market returns the market's shock in every scenario that has one, and the fund of a style the style's
-- total shock. Guards against a market that is lost on the way, and against shocks that mean something else than they
-- say.
with security_stress as (
    select * from ({{ tested_rows(ref('int_security_stress'), market=true) }}) as tested
),

shocks as (
    select * from ({{ tested_rows(ref('int_scenario_shocks'), market=true) }}) as tested
    where shock is not null
),

funds as (
    select
        factor,
        proxy_symbol
    from {{ ref('factors') }}
    where model = 'risk' and factor <> 'Interest Rate'
),

scenarios as (
    select * from {{ ref('scenarios') }}
    where shock_basis = 'total'
)

select
    security_stress.*,
    shocks.factor,
    shocks.shock
from security_stress
inner join funds on security_stress.instrument_id = funds.proxy_symbol
inner join shocks
    on
        security_stress.as_of_date = shocks.as_of_date
        and security_stress.scenario_id = shocks.scenario_id
        and funds.factor = shocks.factor
inner join scenarios on shocks.scenario_id = scenarios.scenario_id and shocks.factor = scenarios.factor
where
    abs(security_stress.direct_return - shocks.shock) > 1e-9
    -- a style's fund also follows the expected moves of others in a scenario that does not shock them
    or (funds.factor = 'Market' and abs(security_stress.correlated_return - shocks.shock) > 1e-9)
