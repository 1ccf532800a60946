-- Who owes nothing cannot lose more than everything, whatever the scenario.
with stress as (
    select * from {{ ref('int_portfolio_stress') }}
    where direct_pnl is not null and {{ in_window() }}
),

exposures as (
    select * from {{ ref('int_portfolio_exposures') }}
    where short_exposure = 0 and {{ in_window() }}
)

select stress.*
from stress
inner join exposures
    on stress.portfolio_id = exposures.portfolio_id and stress.as_of_date = exposures.as_of_date
-- an option may be worth more in the model than at its quote
inner join {{ ref('int_portfolio_snapshots') }} as snapshots
    on
        stress.portfolio_id = snapshots.portfolio_id
        and stress.as_of_date = snapshots.as_of_date
        and snapshots.option_count = 0
where least(stress.direct_pnl, stress.correlated_pnl) < -exposures.long_exposure - 0.01
