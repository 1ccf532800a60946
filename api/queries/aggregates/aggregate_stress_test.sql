-- GET /analytics/aggregate/stress-test: the P&L of each scenario over the portfolios together, worst first. Shocks are
-- those of the date; names, categories and severities are the current ones (dim_scenarios). No row: a named portfolio
-- is not this user's.
-- with aggregate_scope, stress_scenarios, aggregate_quality
with stress as (
    select *
    from fct_portfolio_stress
    where
        portfolio_id = any(array(select portfolio_id from snapshots))
        and as_of_date = %(as_of_date)s::date
        and (%(scenarios)s::text[] is null or scenario_id = any(%(scenarios)s::text[]))
),

analyzed as (
    select distinct on (portfolio_id)
        portfolio_id,
        quality_flag,
        positions_analyzed,
        data_days,
        coverage_of_equity,
        positions_not_measured
    from stress
    order by portfolio_id asc, positions_analyzed asc, data_days asc
),

shock_rows as (
    select distinct
        scenario_id,
        factor,
        shock
    from fct_stress_factor_impacts
    where
        portfolio_id = any(array(select portfolio_id from snapshots))
        and as_of_date = %(as_of_date)s::date
        and shock is not null
),

summed as (
    select *
    from udf.portfolios_stress(array(select portfolio_id from snapshots), %(as_of_date)s::date)
    where %(scenarios)s::text[] is null or scenario_id = any(%(scenarios)s::text[])
),

impacts as (
    select
        summed.scenario_id,
        summed.portfolio_count,
        summed.coverage,
        summed.is_believable,
        coalesce(scenarios.scenario_name, summed.scenario_id) as scenario_name,
        scenarios.category,
        scenarios.severity,
        concat(
            shocks.description, case when scenarios.historical_period is not null then '; replays ' end,
            scenarios.historical_period, '.'
        ) as description,
        case %(impact_type)s::text when 'direct' then summed.direct_pnl else summed.correlated_pnl end as pnl,
        json_build_object(
            'dollar_impact', round(summed.direct_pnl::numeric, 2),
            'percentage_impact', round(100 * summed.direct_to_equity, 4),
            'new_portfolio_value', round(totals.equity + round(summed.direct_pnl::numeric, 2), 2)
        ) as direct_impact,
        json_build_object(
            'dollar_impact', round(summed.correlated_pnl::numeric, 2),
            'percentage_impact', round(100 * summed.correlated_to_equity, 4),
            'new_portfolio_value', round(totals.equity + round(summed.correlated_pnl::numeric, 2), 2)
        ) as correlated_impact,
        case
            when summed.replay_pnl is not null then json_build_object(
                'dollar_impact', round(summed.replay_pnl::numeric, 2),
                'percentage_impact', round(100 * summed.replay_to_equity, 4),
                'new_portfolio_value', round(totals.equity + round(summed.replay_pnl::numeric, 2), 2)
            )
        end as replay_impact
    from summed
    cross join totals
    left join shocks on summed.scenario_id = shocks.scenario_id
    left join scenarios on summed.scenario_id = scenarios.scenario_id
),

listed as (
    select
        count(*) as row_count,
        coalesce(
            json_agg(
                json_build_object(
                    'id', scenario_id,
                    'name', scenario_name,
                    'description', description,
                    'category', category,
                    'severity', severity,
                    'impact_type', %(impact_type)s::text,
                    'impact', case %(impact_type)s::text when 'direct' then direct_impact else correlated_impact end,
                    'direct_impact', direct_impact,
                    'correlated_impact', correlated_impact,
                    'replay_impact', replay_impact,
                    'is_believable', is_believable,
                    'coverage', round(coverage::numeric, 6),
                    'portfolio_count', portfolio_count
                )
                order by pnl, scenario_id
            ),
            '[]'::json
        ) as body
    from impacts
)

select
    json_build_object(
        'available', listed.row_count > 0,
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when listed.row_count > 0 then %(as_of_date)s::date end,
        'portfolio_count', totals.portfolio_count,
        'data', json_build_object(
            'scenarios', listed.body,
            'portfolio_value', round(totals.equity, 2),
            'calculation_date', %(as_of_date)s::date
        ),
        'metadata', json_build_object(
            'impact_type', %(impact_type)s::text,
            'scenarios_requested', %(scenarios)s::text[],
            'unknown_scenarios', unknown_ids.body,
            'portfolio_count', totals.portfolio_count,
            'price_source', totals.price_source,
            'price_notice', totals.price_notice
        ),
        'data_quality', data_quality.body
    )::text as body
from totals
cross join listed
cross join unknown_ids
cross join data_quality
