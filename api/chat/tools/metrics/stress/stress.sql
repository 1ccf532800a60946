-- P&L under every scenario, the largest direct loss first.
with scenarios as (
    select distinct
        scenario_id,
        scenario_name,
        category,
        severity
    from dim_scenarios
)

select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.scenario_id,
    scenarios.scenario_name,
    scenarios.category,
    facts.direct_pnl,
    facts.direct_pct_equity,
    facts.correlated_pnl,
    facts.correlated_pct_equity,
    facts.replay_pnl,
    facts.is_believable,
    facts.doubts,
    facts.ratio_null_reason,
    facts.quality_flag,
    facts.coverage_of_equity
from fct_portfolio_stress as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
inner join scenarios on facts.scenario_id = scenarios.scenario_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name, facts.direct_pnl nulls last, facts.scenario_id
