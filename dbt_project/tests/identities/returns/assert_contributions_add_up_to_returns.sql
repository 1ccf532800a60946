-- Contributions of the positions add up to the daily return of their portfolio.
with contributions as (
    select
        portfolio_id,
        as_of_date,
        sum(contribution_to_return) as contribution,
        sum(abs(contribution_to_return)) as gross_contribution,
        count(*) filter (where contribution_to_return is null) as unknown_positions
    from ({{ tested_rows(ref('fct_position_values')) }}) as tested
    group by portfolio_id, as_of_date
),

snapshots as (
    select * from ({{ tested_rows(ref('fct_portfolio_snapshots')) }}) as tested
)

select
    snapshots.portfolio_id,
    snapshots.as_of_date,
    snapshots.daily_return,
    contributions.contribution
from snapshots
inner join contributions
    on snapshots.portfolio_id = contributions.portfolio_id and snapshots.as_of_date = contributions.as_of_date
where
    (snapshots.daily_return is null and contributions.contribution is not null)
    or (snapshots.daily_return is not null and contributions.unknown_positions > 0)
    or abs(snapshots.daily_return - contributions.contribution) > 1e-12 + 1e-9 * contributions.gross_contribution
