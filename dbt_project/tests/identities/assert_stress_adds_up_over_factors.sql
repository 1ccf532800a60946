-- Guards against summing beta x whole portfolio, and against dropping a factor whose name differs: the linear part of
-- a scenario must equal the sum of exposure x shock over the factors.
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
)

select stress.*
from stress
left join sums
    on
        stress.portfolio_id = sums.portfolio_id
        and stress.as_of_date = sums.as_of_date
        and stress.scenario_id = sums.scenario_id
where
    sums.direct_pnl is null
    -- delta-adjusted values are rounded to the cent on one of the two sides
    or abs(stress.direct_linear_pnl - sums.direct_pnl) > 0.01 * stress.positions_total + 1e-9 * sums.gross_exposure
    or abs(stress.correlated_linear_pnl - sums.correlated_pnl)
    > 0.01 * stress.positions_total + 1e-9 * sums.gross_exposure
