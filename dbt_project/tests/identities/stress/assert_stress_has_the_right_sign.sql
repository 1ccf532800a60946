-- Guards against bonds that gain when yields rise and shorts that add to a loss instead of offsetting it. Where a
-- scenario shocks one factor, a symbol's return has the sign of beta x shock; the larger a shock of the market alone,
-- the larger the return of a symbol with a positive beta, and the smaller that of one with a negative beta. Nothing
-- loses more than its value, and nothing is left to correlations where every factor is shocked.
with security_stress as (
    select * from ({{ tested_rows(ref('int_security_stress'), market=true) }}) as tested
),

shocks as (
    select * from ({{ tested_rows(ref('int_scenario_shocks'), market=true) }}) as tested
    where factor <> 'Volatility'
),

betas as (
    select * from ({{ tested_rows(ref('fct_symbol_factor_betas'), market=true, before=true) }}) as tested
    where model = 'risk'
),

scenarios as (
    select
        as_of_date,
        scenario_id,
        min(factor) filter (where shock is not null) as factor,
        min(shock) as shock,
        count(shock) as shocked_factors,
        count(*) as factors
    from shocks
    group by as_of_date, scenario_id
),

stress as (
    select
        security_stress.*,
        scenarios.factor,
        scenarios.shock,
        scenarios.shocked_factors,
        scenarios.factors,
        betas.beta,
        lag(security_stress.direct_return) over (
            partition by
                security_stress.as_of_date, security_stress.instrument_id, scenarios.factor,
                scenarios.shocked_factors = 1
            order by scenarios.shock
        ) as return_of_smaller_shock
    from security_stress
    inner join scenarios
        on
            security_stress.as_of_date = scenarios.as_of_date
            and security_stress.scenario_id = scenarios.scenario_id
    left join betas
        on
            security_stress.instrument_id = betas.symbol
            and security_stress.as_of_date = betas.as_of_date
            and scenarios.factor = betas.factor
            and scenarios.shocked_factors = 1
)

select *
from stress
where
    least(direct_return, correlated_return) < -1
    or sign(direct_return) <> sign(beta * shock)
    or (factor = 'Market' and (direct_return - return_of_smaller_shock) * sign(beta) < 0)
    or (shocked_factors = factors and correlated_pnl is distinct from direct_pnl)
