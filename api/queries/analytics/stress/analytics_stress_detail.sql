-- GET /analytics/portfolio/{id}/stress-detail: one scenario by factor and by position, by default the worst. Factors
-- and the convexity of options add up to the P&L. No row: the portfolio is not this user's. Null body: it begins
-- after the session.
-- with portfolio_scope, portfolio_quality
with stress as (
    select *
    from fct_portfolio_stress
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and (%(scenario)s::text is null or scenario_id = %(scenario)s::text)
    order by direct_pnl nulls last, scenario_id
    limit 1
),

quality as (
    select
        quality_flag,
        quality_message,
        positions_analyzed,
        data_days,
        coverage_of_equity,
        positions_not_measured
    from stress
    union all
    select
        'no_factor_data' as quality_flag,
        'This scenario has no figures on the session.' as quality_message,
        0 as positions_analyzed,
        0 as data_days,
        null::double precision as coverage_of_equity,
        null::text[] as positions_not_measured
    where not exists (select from stress)
),

named as (
    select
        stress.*,
        coalesce(
            (
                select min(dim_scenarios.scenario_name)
                from dim_scenarios
                where dim_scenarios.scenario_id = stress.scenario_id
            ),
            stress.scenario_id
        ) as scenario_name
    from stress
),

factors as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'factor', impacts.factor,
                    'shock', round(impacts.shock::numeric, 6),
                    'exposure_dollar', round(impacts.dollar_exposure::numeric, 2),
                    'direct_pnl', round(impacts.direct_pnl::numeric, 2),
                    'correlated_shock', round(impacts.correlated_shock::numeric, 6),
                    'correlated_pnl', round(impacts.correlated_pnl::numeric, 2)
                )
                order by impacts.direct_pnl, impacts.factor
            ),
            '[]'::json
        ) as body
    from fct_stress_factor_impacts as impacts
    inner join stress on impacts.scenario_id = stress.scenario_id
    where
        impacts.portfolio_id = %(portfolio_id)s::uuid
        and impacts.as_of_date = %(as_of_date)s::date
),

positions as (
    select
        json_agg(
            json_build_object(
                'position_id', impacts.position_id,
                'symbol', impacts.symbol,
                'direct_pnl', round(impacts.direct_pnl::numeric, 2),
                'correlated_pnl', round(impacts.correlated_pnl::numeric, 2),
                'replay_pnl', round(impacts.replay_pnl::numeric, 2)
            )
            order by impacts.direct_pnl, impacts.symbol, impacts.position_id
        ) as body
    from fct_position_stress as impacts
    inner join stress on impacts.scenario_id = stress.scenario_id
    where
        impacts.portfolio_id = %(portfolio_id)s::uuid
        and impacts.as_of_date = %(as_of_date)s::date
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', named.direct_pnl is not null,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when named.direct_pnl is not null then snapshot.as_of_date end,
            'data', case
                when named.direct_pnl is not null then json_build_object(
                    'id', named.scenario_id,
                    'name', named.scenario_name,
                    'direct_pnl', round(named.direct_pnl::numeric, 2),
                    'correlated_pnl', round(named.correlated_pnl::numeric, 2),
                    'direct_convexity', round((named.direct_pnl - named.direct_linear_pnl)::numeric, 2),
                    'correlated_convexity', round((named.correlated_pnl - named.correlated_linear_pnl)::numeric, 2),
                    'factors', factors.body,
                    'positions', positions.body
                )
            end,
            'metadata', json_build_object(
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', data_quality.body
        )
    end::text as body
from portfolio
left join snapshot on true
left join data_quality on true
left join named on true
cross join factors
cross join positions
