-- GET /data/scenarios: the current stress scenarios with their shocks, by category and id.
with chosen as (
    select *
    from dim_scenarios
    where %(category)s::text is null or lower(category) = lower(%(category)s::text)
),

scenarios as (
    select
        scenario_id,
        min(scenario_name) as scenario_name,
        min(category) as category,
        min(severity) as severity,
        min(historical_period) as historical_period,
        json_agg(
            json_build_object(
                'factor', factor,
                'shock', round(shock::numeric, 6),
                'shock_basis', shock_basis,
                'source', source
            )
            order by factor
        ) as shocks
    from chosen
    group by scenario_id
)

select
    json_build_object(
        'total', count(*),
        'scenarios', coalesce(
            json_agg(
                json_build_object(
                    'id', scenario_id,
                    'name', scenario_name,
                    'category', category,
                    'severity', severity,
                    'historical_period', historical_period,
                    'shocks', shocks
                )
                order by category, scenario_id
            ),
            '[]'::json
        )
    )::text as body
from scenarios
