-- The stress scenarios of the session, the worst direct result first; results that are null come last.
with stress as (
    select *
    from fct_portfolio_stress
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

scenarios as (
    select distinct
        scenario_id,
        scenario_name,
        category,
        severity
    from dim_scenarios
)

select
    stress.*,
    coalesce(scenarios.scenario_name, stress.scenario_id) as scenario_name,
    scenarios.category,
    scenarios.severity
from stress
left join scenarios on stress.scenario_id = scenarios.scenario_id
order by stress.direct_pnl, stress.scenario_id
