-- Euler contributions of the positions add up to the volatility of their portfolio, and every open position has a row.
-- Dollar exposures are rounded to 1e-9: below 1e-6 USD a volatility is a rounding of 0, and what is little more has a
-- tolerance in dollars.
with contributions as (
    select
        portfolio_id,
        as_of_date,
        sum(component) as component,
        sum(share) as total_share,
        max(coverage) as coverage,
        count(*) as positions,
        count(*) filter (where component is not null) as measured_positions
    from ({{ tested_rows(ref('fct_risk_contributions')) }}) as tested
    where measure = 'volatility'
    group by portfolio_id, as_of_date
),

risk as (
    select * from ({{ tested_rows(ref('fct_portfolio_risk')) }}) as tested
),

snapshots as (
    select * from ({{ tested_rows(ref('fct_portfolio_snapshots')) }}) as tested
),

compared as (
    select
        risk.portfolio_id,
        risk.as_of_date,
        risk.total_volatility,
        risk.positions_analyzed,
        risk.positions_total,
        risk.coverage,
        contributions.component,
        contributions.total_share,
        contributions.coverage as coverage_of_contributions,
        coalesce(contributions.positions, 0) as positions,
        coalesce(contributions.measured_positions, 0) as measured_positions,
        coalesce(risk.total_volatility * cast(snapshots.equity as double precision) >= 1e-6, false) as has_volatility,
        1e-9 * risk.total_volatility + 1e-7 / nullif(cast(snapshots.equity as double precision), 0) as tolerance
    from risk
    inner join snapshots
        on risk.portfolio_id = snapshots.portfolio_id and risk.as_of_date = snapshots.as_of_date
    left join contributions
        on risk.portfolio_id = contributions.portfolio_id and risk.as_of_date = contributions.as_of_date
)

select *
from compared
where
    positions <> positions_total
    or coverage_of_contributions is distinct from coverage
    or measured_positions <> case when has_volatility then positions_analyzed else 0 end
    or (
        has_volatility
        and (
            coalesce(abs(component - total_volatility) > tolerance, true)
            or coalesce(abs(total_share - 1) * total_volatility > tolerance, true)
        )
    )
