-- Factors, what is specific and private holdings add up to the return of the portfolio, without the last to that of its
-- public positions, whose exposures are those of the close before.
with attribution as (
    select
        portfolio_id,
        as_of_date,
        sum(contribution) as contribution,
        sum(contribution) filter (where factor <> 'Private') as public_contribution,
        count(*) filter (where factor = 'Specific' and null_reason is not null) as unknown_count,
        sum(abs(contribution)) as gross
    from ({{ tested_rows(ref('fct_factor_attribution_daily')) }}) as tested
    group by portfolio_id, as_of_date
),

snapshots as (
    select
        tested.*,
        cast(tested.equity - tested.daily_pnl as double precision) as base
    from ({{ tested_rows(ref('fct_portfolio_snapshots')) }}) as tested
)

select
    snapshots.portfolio_id,
    snapshots.as_of_date,
    snapshots.daily_return,
    attribution.contribution,
    attribution.public_contribution,
    attribution.unknown_count,
    attribution.gross
from snapshots
left join attribution
    on snapshots.portfolio_id = attribution.portfolio_id and snapshots.as_of_date = attribution.as_of_date
where
    attribution.unknown_count is null
    or (snapshots.daily_return is null and attribution.contribution is not null)
    or (
        attribution.unknown_count = 0
        and coalesce(abs(attribution.contribution - snapshots.daily_return) > 1e-12 * (1 + attribution.gross), true)
    )
    or (
        attribution.unknown_count = 0
        and abs(attribution.public_contribution - cast(snapshots.public_daily_pnl as double precision) / snapshots.base)
        > 1e-12 * (1 + attribution.gross)
    )
