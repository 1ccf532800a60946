with sizes as (
    select
        portfolio_id,
        cast(gross_exposure as double precision) as gross_exposure
    from {{ mart('fct_portfolio_exposures') }}
    where portfolio_id = any(portfolio_ids) and as_of_date = portfolios_stress.as_of_date
),

totals as (
    select nullif(greatest(sum(equity), 0), 0) as positive_equity
    from {{ mart('fct_portfolio_snapshots') }}
    where portfolio_id = any(portfolio_ids) and as_of_date = portfolios_stress.as_of_date
),

summed as (
    select
        stress.scenario_id,
        sum(stress.direct_pnl) as direct_pnl,
        sum(stress.correlated_pnl) as correlated_pnl,
        sum(stress.replay_pnl) as replay_pnl,
        bool_and(stress.is_believable) as is_believable,
        -- relative to the gross exposure of all portfolios: one without a P&L is not covered
        sum(stress.coverage * sizes.gross_exposure)
        / nullif((select sum(every.gross_exposure) from sizes as every), 0) as coverage,
        count(*) as portfolio_count
    from {{ mart('fct_portfolio_stress') }} as stress
    left join sizes on stress.portfolio_id = sizes.portfolio_id
    where
        stress.portfolio_id = any(portfolio_ids)
        and stress.as_of_date = portfolios_stress.as_of_date
        and stress.direct_pnl is not null
    group by stress.scenario_id
)

select
    summed.scenario_id,
    summed.direct_pnl,
    summed.correlated_pnl,
    summed.replay_pnl,
    cast(summed.direct_pnl as numeric) / totals.positive_equity as direct_to_equity,
    cast(summed.correlated_pnl as numeric) / totals.positive_equity as correlated_to_equity,
    cast(summed.replay_pnl as numeric) / totals.positive_equity as replay_to_equity,
    summed.is_believable,
    summed.coverage,
    summed.portfolio_count
from summed
cross join totals
