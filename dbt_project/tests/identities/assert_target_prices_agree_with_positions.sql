-- A weight of the wrong sign, a missing lot or a short position's gain counted as a loss would all look plausible.
-- The dollar contribution of each target must equal the one summed lot by lot from the positions.
with targets as (
    select * from ({{ tested_rows(ref('fct_target_prices')) }}) as tested
),

lots as (
    select
        portfolio_id,
        as_of_date,
        symbol,
        sum(market_value) as market_value,
        count(*) as position_count
    from ({{ tested_rows(ref('int_position_values')) }}) as tested
    where is_open
    group by portfolio_id, as_of_date, symbol
),

snapshots as (
    select * from ({{ tested_rows(ref('fct_portfolio_snapshots')) }}) as tested
)

select
    targets.portfolio_id,
    targets.as_of_date,
    targets.symbol
from targets
left join lots
    on
        targets.portfolio_id = lots.portfolio_id
        and targets.as_of_date = lots.as_of_date
        and targets.symbol = lots.symbol
left join snapshots
    on targets.portfolio_id = snapshots.portfolio_id and targets.as_of_date = snapshots.as_of_date
where
    targets.market_value is distinct from lots.market_value
    or targets.position_count is distinct from lots.position_count
    -- in dollars: market value x (target / price - 1), for long and short positions
    or abs(
        targets.contribution_to_portfolio_return * cast(snapshots.equity as double precision)
        - cast(lots.market_value * (targets.target_price_eoy / nullif(targets.price, 0) - 1) as double precision)
    ) > 1e-9 * cast(
        abs(lots.market_value) * (1 + targets.target_price_eoy / nullif(targets.price, 0)) + 1 as double precision
    )
    -- as decimals: absolute weight x return of the position
    or abs(
        targets.contribution_to_portfolio_return - abs(targets.position_weight) * targets.expected_return_eoy
    ) > 1e-12 * (1 + abs(targets.contribution_to_portfolio_return))
    -- a long position gains when the target is above the price, a short one when it is below
    or sign(targets.expected_return_eoy) <> sign((targets.target_price_eoy - targets.price) * targets.quantity)
