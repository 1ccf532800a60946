-- GET /analytics/aggregate/stress-test: what each scenario would do to the portfolios together, the worst first.
-- Shocks are those of the date; names, categories and severities are today's (dim_scenarios). No row: a named
-- portfolio is not this user's.
with portfolios as (
    select
        portfolio_id,
        portfolio_name
    from dim_portfolios
    where %(portfolio_ids)s::uuid[] is null or portfolio_id = any(%(portfolio_ids)s::uuid[])
),

-- Keys are handed to the views as arrays: only so does the planner look them up in the index.
snapshots as materialized (
    select *
    from fct_portfolio_snapshots
    where portfolio_id = any(array(select portfolio_id from portfolios)) and as_of_date = %(as_of_date)s::date
),

totals as (
    select
        count(*) as portfolio_count,
        coalesce(json_agg(portfolio_id order by portfolio_id), '[]'::json) as portfolio_ids,
        coalesce(sum(equity), 0) as equity,
        coalesce(sum(position_count), 0) as position_count,
        coalesce(sum(private_count), 0) as private_count,
        coalesce(bool_or(has_simulated_prices), false) as has_simulated_prices
    from snapshots
),

stress as (
    select *
    from fct_portfolio_stress
    where
        portfolio_id = any(array(select portfolio_id from snapshots))
        and as_of_date = %(as_of_date)s::date
        and (%(scenarios)s::text[] is null or scenario_id = any(%(scenarios)s::text[]))
),

by_portfolio as (
    select distinct on (portfolio_id)
        portfolio_id,
        quality_flag,
        positions_analyzed,
        data_days
    from stress
    order by portfolio_id asc, positions_analyzed asc, data_days asc
),

quality as (
    select
        case
            when count(*) filter (where quality_flag <> 'no_public_positions') = 0 then 'no_public_positions'
            when count(*) filter (where quality_flag in ('full_history', 'limited_history')) = 0 then 'no_factor_data'
            when bool_or(quality_flag = 'limited_history') then 'limited_history'
            else 'full_history'
        end as flag,
        count(*) filter (where quality_flag in ('full_history', 'limited_history')) as portfolios_analyzed,
        coalesce(sum(positions_analyzed), 0) as positions_analyzed,
        coalesce(min(data_days) filter (where positions_analyzed > 0), 0) as data_days
    from by_portfolio
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

shocks as (
    select
        scenario_id,
        string_agg(
            concat(
                factor, ' ', case when shock > 0 then '+' end,
                case
                    when factor = 'Interest Rate' then concat(trim_scale(round((shock * 10000)::numeric, 2)), ' bp')
                    else concat(trim_scale(round((shock * 100)::numeric, 2)), ' %%')
                end
            ),
            ', ' order by factor
        ) as description
    from shock_rows
    group by scenario_id
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

sizes as (
    select
        portfolio_id,
        gross_exposure::double precision as gross_exposure
    from fct_portfolio_exposures
    where portfolio_id = any(array(select portfolio_id from snapshots)) and as_of_date = %(as_of_date)s::date
),

summed as (
    select
        stress.scenario_id,
        sum(stress.direct_pnl) as direct_pnl,
        sum(stress.correlated_pnl) as correlated_pnl,
        count(*) as portfolio_count,
        -- of what all of them hold: a portfolio without a figure is not covered
        sum(stress.coverage * sizes.gross_exposure)
        / nullif((select sum(sizes.gross_exposure) from sizes), 0) as coverage
    from stress
    left join sizes on stress.portfolio_id = sizes.portfolio_id
    where stress.direct_pnl is not null
    group by stress.scenario_id
),

impacts as (
    select
        summed.scenario_id,
        summed.portfolio_count,
        summed.coverage,
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
            'percentage_impact', round(100 * summed.direct_pnl::numeric / nullif(greatest(totals.equity, 0), 0), 4),
            'new_portfolio_value', round(totals.equity + round(summed.direct_pnl::numeric, 2), 2)
        ) as direct_impact,
        json_build_object(
            'dollar_impact', round(summed.correlated_pnl::numeric, 2),
            'percentage_impact', round(100 * summed.correlated_pnl::numeric / nullif(greatest(totals.equity, 0), 0), 4),
            'new_portfolio_value', round(totals.equity + round(summed.correlated_pnl::numeric, 2), 2)
        ) as correlated_impact
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
                    'coverage', round(coverage::numeric, 6),
                    'portfolio_count', portfolio_count
                )
                order by pnl, scenario_id
            ),
            '[]'::json
        ) as body
    from impacts
),

unknown_ids as (
    select coalesce(json_agg(requested.scenario_id order by requested.scenario_id), '[]'::json) as body
    from unnest(%(scenarios)s::text[]) as requested (scenario_id)
    where requested.scenario_id <> all(array(select scenario_id from stress))
)

select
    json_build_object(
        'available', listed.row_count > 0,
        'portfolio_ids', totals.portfolio_ids,
        'calculation_date', case when listed.row_count > 0 then %(as_of_date)s::date end,
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
            'price_source', case when totals.has_simulated_prices then 'simulated' else 'loaded' end,
            'price_notice', case when totals.has_simulated_prices then %(simulated_notice)s::text end
        ),
        'data_quality', json_build_object(
            'flag', quality.flag,
            'message', concat_ws(
                ' ',
                concat(
                    quality.portfolios_analyzed, ' of ', totals.portfolio_count, ' portfolios and ',
                    quality.positions_analyzed, ' of ', totals.position_count, ' positions are covered.'
                ),
                case when totals.has_simulated_prices then %(simulated_notice)s::text end
            ),
            'positions_analyzed', quality.positions_analyzed,
            'positions_total', totals.position_count,
            'positions_skipped', totals.position_count - quality.positions_analyzed,
            'data_days', quality.data_days
        )
    )::text as body
from totals
cross join listed
cross join unknown_ids
cross join quality
-- all that were named must be this user's
where
    %(portfolio_ids)s::uuid[] is null
    or (select count(*) from portfolios)
    = (select count(distinct named.id) from unnest(%(portfolio_ids)s::uuid[]) as named (id))
