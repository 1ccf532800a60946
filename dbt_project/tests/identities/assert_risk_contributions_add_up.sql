-- Euler contributions of the positions add up to the volatility of their portfolio, and every open position has a row.
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
)

select
    risk.portfolio_id,
    risk.as_of_date,
    risk.total_volatility,
    contributions.component
from risk
left join contributions
    on risk.portfolio_id = contributions.portfolio_id and risk.as_of_date = contributions.as_of_date
where
    coalesce(contributions.positions, 0) <> risk.positions_total
    or contributions.coverage is distinct from risk.coverage
    -- tolerance for sums of doubles in another order
    or (
        risk.total_volatility > 0
        and (
            contributions.measured_positions <> risk.positions_analyzed
            or coalesce(abs(contributions.component - risk.total_volatility) > 1e-9 * risk.total_volatility, true)
            or coalesce(abs(contributions.total_share - 1) > 1e-9, true)
        )
    )
    or (coalesce(risk.total_volatility, 0) = 0 and contributions.measured_positions > 0)
