-- The names of the scenarios, the shocks of the date in words (from the CTE `shock_rows`: scenario_id, factor, shock),
-- and which of the requested scenarios are not in the CTE `stress`. Names, categories, severities and bases are the
-- current ones.
with shocks as (
    select
        shock_rows.scenario_id,
        string_agg(
            concat(
                shock_rows.factor, ' ', case when shock_rows.shock > 0 then '+' end,
                case
                    when shock_rows.factor = 'Interest Rate'
                        then concat(trim_scale(round((shock_rows.shock * 10000)::numeric, 2)), ' bp')
                    else concat(trim_scale(round((shock_rows.shock * 100)::numeric, 2)), ' %%')
                end,
                case when dim_scenarios.shock_basis = 'beyond_market' then ' beyond the market' end
            ),
            ', ' order by shock_rows.factor
        ) as description
    from shock_rows
    left join dim_scenarios
        on shock_rows.scenario_id = dim_scenarios.scenario_id and shock_rows.factor = dim_scenarios.factor
    group by shock_rows.scenario_id
),

scenarios as (
    select distinct
        scenario_id,
        scenario_name,
        category,
        severity,
        historical_period
    from dim_scenarios
),

unknown_ids as (
    select coalesce(json_agg(requested.scenario_id order by requested.scenario_id), '[]'::json) as body
    from unnest(%(scenarios)s::text[]) as requested (scenario_id)
    where requested.scenario_id <> all(array(select scenario_id from stress))
)

select
    shocks.description,
    scenarios.scenario_name,
    unknown_ids.body
from unknown_ids
cross join scenarios
inner join shocks on scenarios.scenario_id = shocks.scenario_id
