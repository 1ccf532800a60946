-- A target counts as coverage only if the symbol has a price, and so an expected return.
with snapshots as materialized (
    select
        portfolio_id,
        equity,
        position_count
    from {{ mart('fct_portfolio_snapshots') }}
    where portfolio_id = any(portfolio_ids) and as_of_date = portfolios_target_returns.as_of_date
),

sums as (
    select
        nullif(greatest(sum(equity), 0), 0) as positive_equity,
        coalesce(sum(position_count), 0) as position_count
    from snapshots
),

targets as (
    select
        sum(prices.contribution_to_portfolio_return * snapshots.equity) as expected_eoy,
        sum(abs(prices.position_weight) * prices.expected_return_next_year * snapshots.equity) as expected_next_year,
        sum(abs(prices.position_weight) * prices.downside_return * snapshots.equity) as downside,
        coalesce(sum(prices.position_count) filter (where prices.expected_return_eoy is not null), 0)
            as position_count,
        max(prices.target_updated_at) as updated_at
    from {{ mart('fct_target_prices') }} as prices
    inner join snapshots on prices.portfolio_id = snapshots.portfolio_id
    where prices.portfolio_id = any(portfolio_ids) and prices.as_of_date = portfolios_target_returns.as_of_date
)

select
    targets.expected_eoy / sums.positive_equity as expected_return_eoy,
    targets.expected_next_year / sums.positive_equity as expected_return_next_year,
    targets.downside / sums.positive_equity as downside_return,
    targets.position_count as positions_with_targets,
    targets.position_count / cast(nullif(sums.position_count, 0) as numeric) as coverage,
    targets.updated_at as target_updated_at
from targets
cross join sums
