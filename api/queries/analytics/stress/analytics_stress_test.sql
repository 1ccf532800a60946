-- GET /analytics/portfolio/{id}/stress-test: the P&L of each scenario, worst first. Shocks are those of the date;
-- names, categories and severities are the current ones (dim_scenarios). No row: the portfolio is not this user's. Null
-- body: it begins after the session.
-- with portfolio_scope, stress_scenarios, portfolio_quality
with stress as (
    select *
    from fct_portfolio_stress
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and (%(scenarios)s::text[] is null or scenario_id = any(%(scenarios)s::text[]))
),

shock_rows as (
    select
        scenario_id,
        factor,
        shock
    from fct_stress_factor_impacts
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and shock is not null
),

weakest as (
    select
        quality_flag,
        quality_message,
        positions_analyzed,
        data_days,
        coverage_of_equity,
        positions_not_measured
    from stress
    order by positions_analyzed, data_days, scenario_id
    limit 1
),

quality as (
    select * from weakest
    union all
    select
        'no_factor_data' as quality_flag,
        'None of the scenarios asked for has figures on the session.' as quality_message,
        0 as positions_analyzed,
        0 as data_days,
        null::double precision as coverage_of_equity,
        null::text[] as positions_not_measured
    where %(scenarios)s::text[] is not null and not exists (select from weakest)
),

measured as (
    select
        stress.scenario_id,
        coalesce(scenarios.scenario_name, stress.scenario_id) as scenario_name,
        scenarios.category,
        scenarios.severity,
        concat(
            shocks.description, case when scenarios.historical_period is not null then '; replays ' end,
            scenarios.historical_period, '.'
        ) as description,
        impacts.*,
        stress.own_share,
        stress.is_believable,
        stress.doubts,
        stress.approximation,
        stress.coverage
    from stress
    cross join
        lateral (
            select
                stress.direct_pnl,
                stress.correlated_pnl,
                stress.direct_pct_equity as direct_share,
                stress.correlated_pct_equity as correlated_share,
                stress.replay_pnl,
                stress.replay_pct_equity as replay_share,
                case %(impact_type)s::text when 'direct' then stress.direct_pnl else stress.correlated_pnl end as pnl
        ) as impacts
    left join shocks on stress.scenario_id = shocks.scenario_id
    left join scenarios on stress.scenario_id = scenarios.scenario_id
    where stress.direct_pnl is not null
),

impacts as (
    select
        measured.*,
        json_build_object(
            'dollar_impact', round(measured.direct_pnl::numeric, 2),
            'percentage_impact', round((100 * measured.direct_share)::numeric, 4),
            'new_portfolio_value', round(snapshot.equity + round(measured.direct_pnl::numeric, 2), 2)
        ) as direct_impact,
        json_build_object(
            'dollar_impact', round(measured.correlated_pnl::numeric, 2),
            'percentage_impact', round((100 * measured.correlated_share)::numeric, 4),
            'new_portfolio_value', round(snapshot.equity + round(measured.correlated_pnl::numeric, 2), 2)
        ) as correlated_impact,
        case
            when measured.replay_pnl is not null then json_build_object(
                'dollar_impact', round(measured.replay_pnl::numeric, 2),
                'percentage_impact', round((100 * measured.replay_share)::numeric, 4),
                'new_portfolio_value', round(snapshot.equity + round(measured.replay_pnl::numeric, 2), 2)
            )
        end as replay_impact
    from measured
    cross join snapshot
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
                    'own_share', round(own_share::numeric, 6),
                    'is_believable', is_believable,
                    'doubts', doubts,
                    'approximation', approximation,
                    'coverage', round(coverage::numeric, 6)
                )
                order by pnl, scenario_id
            ),
            '[]'::json
        ) as body
    from impacts
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', listed.row_count > 0,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when listed.row_count > 0 then snapshot.as_of_date end,
            'data', json_build_object(
                'scenarios', listed.body,
                'portfolio_value', round(snapshot.equity, 2),
                'calculation_date', snapshot.as_of_date
            ),
            'metadata', json_build_object(
                'impact_type', %(impact_type)s::text,
                'scenarios_requested', %(scenarios)s::text[],
                'unknown_scenarios', unknown_ids.body,
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', data_quality.body
        )
    end::text as body
from portfolio
left join snapshot on true
left join data_quality on true
cross join listed
cross join unknown_ids
