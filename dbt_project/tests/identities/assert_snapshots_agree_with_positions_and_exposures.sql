-- Two marts must not give different figures for the same quantity: net market value, long less short exposure with cash
-- positions, and the sum of the positions are equal; cumulative P&L is unrealized + realized + dividends less what was
-- unrealized at the opening.
with position_values as (
    select
        portfolio_id,
        as_of_date,
        sum(market_value) as net_market_value,
        sum(unrealized_pnl) as unrealized_pnl
    from ({{ tested_rows(ref('int_position_values')) }}) as tested
    group by portfolio_id, as_of_date
),

snapshots as (
    select * from ({{ tested_rows(ref('fct_portfolio_snapshots')) }}) as tested
),

exposures as (
    select * from ({{ tested_rows(ref('fct_portfolio_exposures')) }}) as tested
)

select
    coalesce(snapshots.portfolio_id, exposures.portfolio_id, position_values.portfolio_id) as portfolio_id,
    coalesce(snapshots.as_of_date, exposures.as_of_date, position_values.as_of_date) as as_of_date
from snapshots
full outer join exposures
    on snapshots.portfolio_id = exposures.portfolio_id and snapshots.as_of_date = exposures.as_of_date
full outer join position_values
    on snapshots.portfolio_id = position_values.portfolio_id and snapshots.as_of_date = position_values.as_of_date
where
    snapshots.net_market_value is distinct from exposures.net_exposure + snapshots.cash_and_equivalents
    or snapshots.net_market_value is distinct from coalesce(position_values.net_market_value, 0)
    or snapshots.cash is distinct from snapshots.equity - snapshots.net_market_value
    or snapshots.cumulative_pnl is distinct from
    coalesce(position_values.unrealized_pnl, 0)
    + snapshots.cumulative_realized_pnl
    + snapshots.cumulative_dividends
    - snapshots.unrealized_at_opening
