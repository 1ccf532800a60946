-- The scenarios and what they shock.
select
    scenario_id,
    scenario_name,
    category,
    severity,
    factor,
    shock,
    shock_basis,
    first_date,
    last_date
from dim_scenarios
order by category, scenario_id, factor
