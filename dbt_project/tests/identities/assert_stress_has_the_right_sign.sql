-- A bond holder once gained when yields rose, and shorts added to a loss instead of offsetting it. Where a scenario
-- shocks one factor, a stock moves with its beta times the shock; nothing loses more than all of itself; the market
-- moves by its shock.
with stress as (
    select
        security_stress.*,
        shocks.factor,
        shocks.shock,
        betas.beta,
        factors.proxy_symbol = betas.symbol as is_market
    from {{ ref('int_security_stress') }} as security_stress
    inner join {{ ref('int_scenario_shocks') }} as shocks
        on
            security_stress.as_of_date = shocks.as_of_date
            and security_stress.scenario_id = shocks.scenario_id
            and shocks.shock is not null
    inner join {{ ref('int_symbol_factor_betas') }} as betas
        on
            security_stress.contract = betas.symbol
            and security_stress.as_of_date = betas.as_of_date
            and betas.model = 'risk'
            and shocks.factor = betas.factor
    inner join {{ ref('factors') }} as factors on factors.model = 'risk' and factors.factor = 'Market'
    where {{ in_window('security_stress.as_of_date') }}
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
