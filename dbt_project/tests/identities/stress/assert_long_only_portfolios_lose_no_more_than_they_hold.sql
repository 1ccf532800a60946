-- A portfolio without short positions cannot lose more than its long exposure in any scenario.
with stress as (
    select * from ({{ tested_rows(ref('fct_portfolio_stress')) }}) as tested
    where direct_pnl is not null
),

exposures as (
    select * from ({{ tested_rows(ref('fct_portfolio_exposures')) }}) as tested
    where short_exposure = 0
),

-- excludes options, whose model price may exceed the quote
without_options as (
    select * from ({{ tested_rows(ref('fct_portfolio_snapshots')) }}) as tested
    where option_count = 0
)

select stress.*
from stress
inner join exposures
    on stress.portfolio_id = exposures.portfolio_id and stress.as_of_date = exposures.as_of_date
inner join without_options
    on stress.portfolio_id = without_options.portfolio_id and stress.as_of_date = without_options.as_of_date
where least(stress.direct_pnl, stress.correlated_pnl) < -exposures.long_exposure - 0.01
