-- Portfolios count if their exposure is known or if they hold only cash, whose exposure is zero.
with snapshots as materialized (
    select
        portfolio_id,
        equity,
        private_count
    from {{ mart('fct_portfolio_snapshots') }}
    where portfolio_id = any(portfolio_ids) and as_of_date = portfolios_factor_exposures.as_of_date
),

factors as (
    select
        exposures.model,
        exposures.factor,
        sum(exposures.dollar_exposure) as dollar_exposure,
        nullif(greatest(sum(snapshots.equity), 0), 0) as positive_equity,
        count(exposures.dollar_exposure) as portfolio_count
    from {{ mart('fct_portfolio_factor_exposures') }} as exposures
    inner join snapshots on exposures.portfolio_id = snapshots.portfolio_id
    where
        exposures.portfolio_id = any(portfolio_ids)
        and exposures.as_of_date = portfolios_factor_exposures.as_of_date
        and (
            exposures.dollar_exposure is not null
            or (exposures.quality_flag = 'no_public_positions' and snapshots.private_count = 0)
        )
    group by exposures.model, exposures.factor
    having count(exposures.dollar_exposure) > 0
),

totals as (
    select nullif(greatest(sum(equity), 0), 0) as positive_equity
    from snapshots
)

select
    factors.model,
    factors.factor,
    factors.dollar_exposure,
    factors.dollar_exposure / cast(factors.positive_equity as double precision) as beta,
    factors.positive_equity as covered_equity,
    factors.positive_equity / totals.positive_equity as equity_coverage,
    factors.portfolio_count
from factors
cross join totals
