-- Guards against summing beta x whole portfolio, and against dropping a factor whose name differs: the linear part of
-- a scenario must equal the sum of exposure x shock over the factors.
-- Tolerance: exposures to factors start from delta-adjusted values in cents, stress from unrounded ones. So each option
-- position differs by up to half a cent times its linear return, the sum of beta x shock over the factors, which may
-- exceed 1 on a volatile underlying. All other positions start from the same cents. The rest is the rounding of the
-- terms of sums to 1e-9.
with stress as (
    select * from ({{ tested_rows(ref('fct_portfolio_stress')) }}) as tested
    where direct_pnl is not null
),

exposures as (
    select * from ({{ tested_rows(ref('fct_portfolio_factor_exposures')) }}) as tested
    where model = 'risk'
),

shocks as (
    select * from ({{ tested_rows(ref('int_scenario_shocks'), market=true) }}) as tested
),

options as materialized (
    select * from ({{ tested_rows(ref('int_position_values')) }}) as tested
    where is_open and investment_class = 'OPTIONS' and delta_adjusted_exposure is not null
),

betas as materialized (
    select * from ({{ tested_rows(ref('fct_symbol_factor_betas'), market=true, before=true) }}) as tested
    where model = 'risk'
),

sums as (
    select
        exposures.portfolio_id,
        exposures.as_of_date,
        shocks.scenario_id,
        sum(exposures.dollar_exposure * coalesce(shocks.shock, 0)) as direct_pnl,
        sum(exposures.dollar_exposure * shocks.correlated_shock) as correlated_pnl,
        sum(abs(exposures.dollar_exposure)) as gross_exposure
    from exposures
    inner join shocks on exposures.as_of_date = shocks.as_of_date and exposures.factor = shocks.factor
    group by exposures.portfolio_id, exposures.as_of_date, shocks.scenario_id
),

returns as (
    select
        options.portfolio_id,
        options.as_of_date,
        shocks.scenario_id,
        options.position_id,
        abs(sum(betas.beta * coalesce(shocks.shock, 0))) as direct_return,
        abs(sum(betas.beta * shocks.correlated_shock)) as correlated_return
    from options
    inner join betas on options.pricing_symbol = betas.symbol and options.as_of_date = betas.as_of_date
    inner join shocks on options.as_of_date = shocks.as_of_date and betas.factor = shocks.factor
    group by options.portfolio_id, options.as_of_date, shocks.scenario_id, options.position_id
),

roundings as (
    select
        portfolio_id,
        as_of_date,
        scenario_id,
        0.005 * sum(direct_return) as direct_pnl,
        0.005 * sum(correlated_return) as correlated_pnl
    from returns
    group by portfolio_id, as_of_date, scenario_id
)

select stress.*
from stress
left join sums
    on
        stress.portfolio_id = sums.portfolio_id
        and stress.as_of_date = sums.as_of_date
        and stress.scenario_id = sums.scenario_id
left join roundings
    on
        stress.portfolio_id = roundings.portfolio_id
        and stress.as_of_date = roundings.as_of_date
        and stress.scenario_id = roundings.scenario_id
where
    sums.direct_pnl is null
    or abs(stress.direct_linear_pnl - sums.direct_pnl)
    > coalesce(roundings.direct_pnl, 0) + 1e-8 * stress.positions_total + 1e-9 * sums.gross_exposure
    or abs(stress.correlated_linear_pnl - sums.correlated_pnl)
    > coalesce(roundings.correlated_pnl, 0) + 1e-8 * stress.positions_total + 1e-9 * sums.gross_exposure
