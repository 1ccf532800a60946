-- GET /data/portfolio/{id}/data-quality: how far the price histories of the open positions support analytics, as of one
-- session. Symbols are those that are priced (an option's underlying); the summary counts positions. Cash needs no
-- prices: it counts as complete and is in no list. No row: the portfolio is not this user's. Null body: it begins after
-- the session.
-- with portfolio_scope, open_positions
with held as materialized (
    select
        priced_symbol as symbol,
        investment_class = 'PRIVATE' as is_private,
        coalesce(price_source = 'cash', false) as is_cash,
        count(*) as position_count
    from described
    group by priced_symbol, investment_class = 'PRIVATE', coalesce(price_source = 'cash', false)
),

window_sessions as (
    select as_of_date
    from dim_dates
    where
        is_trading_day
        and as_of_date <= %(as_of_date)s::date
        and as_of_date > %(as_of_date)s::date - 2 * %(window_days)s::integer
    order by as_of_date desc
    limit %(window_days)s
),

priced as (
    select symbol from held
    where not is_private and not is_cash
),

counted as (
    select
        symbol,
        count(*) as days_available
    from fct_prices
    where
        symbol = any(array(select symbol from priced))
        and as_of_date between (select min(as_of_date) from window_sessions) and %(as_of_date)s::date
    group by symbol
),

-- The minimum number of returns of a symbol for a beta, and for the risk model behind the volatilities.
regression as (
    select
        min(min_observations) filter (where model = 'market') as min_observations,
        min(min_observations) filter (where model = 'risk') as min_observations_of_risk
    from dim_factors
),

judged as (
    select
        held.symbol,
        held.position_count,
        held.is_private,
        held.is_cash,
        coalesce(counted.days_available, 0) as days_available,
        quality.sessions_missing_252 as days_missing,
        quality.flag,
        case
            when held.is_cash then null
            when held.is_private then 'private_holding'
            when counted.symbol is null then 'no_prices'
            when counted.days_available < regression.min_observations then 'too_few_days'
        end as reason
    from held
    cross join regression
    left join counted on held.symbol = counted.symbol and not held.is_private and not held.is_cash
    left join fct_data_quality as quality
        on
            held.symbol = quality.symbol
            and not held.is_private
            and not held.is_cash
            and quality.as_of_date = %(as_of_date)s::date
            and quality.symbol = any(array(select symbol from held))
),

graded as (
    select
        *,
        case
            when reason is not null then 'insufficient'
            when is_cash or days_missing = 0 then 'complete'
            else 'partial'
        end as grade
    from judged
),

counts as (
    select
        coalesce(sum(position_count), 0) as total,
        coalesce(sum(position_count) filter (where grade = 'complete'), 0) as complete_count,
        coalesce(sum(position_count) filter (where grade = 'partial'), 0) as partial_count,
        coalesce(sum(position_count) filter (where grade = 'insufficient'), 0) as insufficient_count
    from graded
),

lists as (
    select
        coalesce(json_agg(
            json_build_object(
                'symbol', symbol, 'days_available', days_available, 'days_missing', days_missing, 'flag', flag
            ) order by symbol
        ) filter (where grade = 'complete'), '[]'::json) as complete_history,
        coalesce(json_agg(
            json_build_object(
                'symbol', symbol, 'days_available', days_available, 'days_missing', days_missing, 'flag', flag
            ) order by symbol
        ) filter (where grade = 'partial'), '[]'::json) as partial_history,
        coalesce(json_agg(
            json_build_object('symbol', symbol, 'days_available', days_available, 'reason', reason)
            order by symbol
        ) filter (where grade = 'insufficient'), '[]'::json) as insufficient_data
    from graded
    where not is_cash
),

-- What the analytics of this session could actually use.
analytics as (
    select
        'correlation_matrix' as analytic,
        quality_flag,
        positions_analyzed,
        positions_skipped
    from fct_portfolio_correlation
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
    union all
    select
        'factor_regression' as analytic,
        quality_flag,
        positions_analyzed,
        positions_skipped
    from fct_portfolio_factor_exposures
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and model = 'market'
    union all
    select
        'volatility_analysis' as analytic,
        quality_flag,
        positions_analyzed,
        positions_skipped
    from fct_portfolio_risk
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

required as (
    select
        'correlation_matrix' as analytic,
        'min_days_overlap' as requirement,
        %(correlation_days)s::integer as fewest_days
    union all
    select
        'factor_regression' as analytic,
        'min_days_required' as requirement,
        min_observations as fewest_days
    from regression
    union all
    select
        'volatility_analysis' as analytic,
        'min_days_required' as requirement,
        min_observations_of_risk as fewest_days
    from regression
),

feasibility as (
    select
        json_object_agg(required.analytic, json_build_object(
            'feasible', coalesce(
                analytics.quality_flag not in ('no_public_positions', 'no_factor_data'), false
            ),
            'positions_eligible', coalesce(analytics.positions_analyzed, 0),
            'positions_excluded', coalesce(analytics.positions_skipped, counts.total),
            required.requirement, required.fewest_days
        )) as body
    from required
    cross join counts
    left join analytics on required.analytic = analytics.analytic
),

advice as (
    select
        1 as place,
        'Load prices of ' || string_agg(symbol, ', ' order by symbol)
        || ': there are none, and the positions are valued at what was paid.' as sentence
    from graded
    where reason = 'no_prices'
    having count(*) > 0
    union all
    select
        2 as place,
        'Load earlier prices of ' || string_agg(symbol, ', ' order by symbol)
        || ': a regression needs more days than there are.' as sentence
    from graded
    where reason = 'too_few_days'
    having count(*) > 0
    union all
    select
        3 as place,
        'Load the missing sessions of ' || string_agg(symbol, ', ' order by symbol)
        || '; nothing is filled in for them.' as sentence
    from graded
    where grade = 'partial'
    having count(*) > 0
    union all
    select
        4 as place,
        'Value private holdings regularly: no analytic that needs returns covers them.' as sentence
    from graded
    where is_private
    having count(*) > 0
    union all
    select
        5 as place,
        'Load real prices. ' || %(simulated_notice)s::text as sentence
    from snapshot
    where has_simulated_prices
),

recommendations as (
    select coalesce(json_agg(sentence order by place), '[]'::json) as body
    from advice
)

select
    case
        when snapshot.as_of_date is not null then json_build_object(
            'portfolio_id', portfolio.portfolio_id,
            'assessment_date', snapshot.as_of_date,
            'summary', json_build_object(
                'total_positions', counts.total,
                'complete_data', counts.complete_count,
                'partial_data', counts.partial_count,
                'insufficient_data', counts.insufficient_count,
                'data_coverage_percent',
                round(100 * (counts.complete_count + counts.partial_count) / nullif(counts.total, 0), 2),
                'quality_score',
                round((100 * counts.complete_count + 50 * counts.partial_count) / nullif(counts.total, 0), 2)
            ),
            'position_data_quality', json_build_object(
                'complete_history', lists.complete_history,
                'partial_history', lists.partial_history,
                'insufficient_data', lists.insufficient_data
            ),
            'calculation_feasibility', feasibility.body,
            'recommendations', recommendations.body,
            'window_days', %(window_days)s::integer,
            'price_source', snapshot.price_source,
            'price_notice', snapshot.price_notice
        )
    end::text as body
from portfolio
cross join counts
cross join lists
cross join feasibility
cross join recommendations
left join snapshot on true
