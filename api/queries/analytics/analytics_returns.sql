-- GET /analytics/portfolio/{id}/returns: returns by period as of the session, and months, drawdowns and, if asked for,
-- the daily series of a range (default: since inception). No row: the portfolio is not this user's. Null body: it
-- begins after the session.
-- with portfolio_scope, private_share
with asked as (
    select
        %(from_date)s::date as from_date,
        least(%(to_date)s::date, %(as_of_date)s::date) as to_date,
        %(from_date)s::date is not null or %(to_date)s::date is not null as is_range
),

in_force as (
    select *
    from dim_benchmarks
    where
        portfolio_id = %(portfolio_id)s::uuid
        and valid_from <= %(as_of_date)s::date
        and (valid_to is null or valid_to >= %(as_of_date)s::date)
),

returns as (
    select
        array_position(array['custom', '1D', '1W', 'MTD', 'QTD', 'YTD', '1Y', '3Y', 'ITD'], period) as place,
        period,
        from_date,
        as_of_date as to_date,
        base_date,
        sessions,
        time_weighted,
        time_weighted_annualized,
        time_weighted_null_reason,
        money_weighted,
        money_weighted_period,
        money_weighted_null_reason,
        benchmark_symbol,
        benchmark,
        benchmark_annualized,
        benchmark_null_reason,
        excess,
        coverage
    from fct_returns_by_period
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
    union all
    select
        1 as place,
        'custom' as period,
        coalesce(custom.from_date, asked.from_date) as from_date,
        coalesce(custom.to_date, asked.to_date) as to_date,
        custom.base_date,
        coalesce(custom.sessions, 0) as sessions,
        custom.time_weighted,
        custom.time_weighted_annualized,
        case when custom.sessions is null then 'no_sessions' else custom.time_weighted_null_reason end
            as time_weighted_null_reason,
        custom.money_weighted,
        custom.money_weighted_period,
        case when custom.sessions is null then 'no_sessions' else custom.money_weighted_null_reason end
            as money_weighted_null_reason,
        custom.benchmark_symbol,
        custom.benchmark,
        custom.benchmark_annualized,
        case when custom.sessions is null then 'no_sessions' else custom.benchmark_null_reason end
            as benchmark_null_reason,
        custom.excess,
        custom.coverage
    from asked
    left join udf.portfolio_returns(%(portfolio_id)s::uuid, asked.from_date, asked.to_date) as custom on true
    where asked.is_range
),

periods as (
    select
        count(*) as row_count,
        coalesce(
            json_agg(
                json_build_object(
                    'period', period,
                    'from', from_date,
                    'to', to_date,
                    'base_date', base_date,
                    'sessions', sessions,
                    'time_weighted', round(time_weighted::numeric, 6),
                    'time_weighted_annualized', round(time_weighted_annualized::numeric, 6),
                    'time_weighted_null_reason', time_weighted_null_reason,
                    'money_weighted', round(money_weighted::numeric, 6),
                    'money_weighted_period', round(money_weighted_period::numeric, 6),
                    'money_weighted_null_reason', money_weighted_null_reason,
                    'benchmark_symbol', benchmark_symbol,
                    'benchmark', round(benchmark::numeric, 6),
                    'benchmark_annualized', round(benchmark_annualized::numeric, 6),
                    'benchmark_null_reason', benchmark_null_reason,
                    'excess', round(excess::numeric, 6),
                    'coverage', round(coverage::numeric, 6)
                )
                order by place
            ),
            '[]'::json
        ) as body
    from returns
),

-- the mart has the sum since inception
paid as materialized (
    select
        as_of_date,
        date_trunc('month', as_of_date)::date as month_begins,
        cumulative_dividends - coalesce(lag(cumulative_dividends) over (order by as_of_date), 0) as dividends
    from fct_portfolio_snapshots
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date <= %(as_of_date)s::date
),

dividends as (
    select
        paid.month_begins,
        sum(paid.dividends) as dividends
    from paid
    cross join asked
    where
        paid.as_of_date >= coalesce(asked.from_date, paid.as_of_date)
        and paid.as_of_date <= coalesce(asked.to_date, paid.as_of_date)
    group by paid.month_begins
),

months as (
    select
        coalesce(
            json_agg(
                json_build_object(
                    'month', to_char(month_returns.month_begins, 'YYYY-MM'),
                    'from', month_returns.from_date,
                    'to', month_returns.to_date,
                    'sessions', month_returns.sessions,
                    'time_weighted', round(month_returns.time_weighted::numeric, 6),
                    'benchmark', round(month_returns.benchmark::numeric, 6),
                    'excess', round(month_returns.excess::numeric, 6),
                    'dividends', round(dividends.dividends, 2)
                )
                order by month_returns.month_begins
            ),
            '[]'::json
        ) as body
    from asked
    cross join lateral udf.portfolio_months(%(portfolio_id)s::uuid, asked.from_date, asked.to_date) as month_returns
    inner join dividends on month_returns.month_begins = dividends.month_begins
),

falls as (
    select
        falls.*,
        row_number() over (order by falls.depth, falls.peak_date) as place
    from asked
    cross join lateral udf.portfolio_drawdowns(%(portfolio_id)s::uuid, asked.from_date, asked.to_date) as falls
),

drawdowns as (
    select
        count(*) as row_count,
        coalesce(
            json_agg(
                json_build_object(
                    'peak_date', peak_date,
                    'trough_date', trough_date,
                    'recovery_date', recovery_date,
                    'depth', round(depth::numeric, 6),
                    'sessions', sessions
                )
                order by place
            ) filter (where place <= %(max_drawdowns)s),
            '[]'::json
        ) as body
    from falls
),

broken as (
    select min(snapshots.as_of_date) as broken_on
    from asked
    inner join fct_portfolio_snapshots as snapshots
        on
            snapshots.as_of_date between coalesce(asked.from_date, date '-infinity')
            and asked.to_date
    where snapshots.portfolio_id = %(portfolio_id)s::uuid and snapshots.twr_index is null
),

series as (
    select
        count(*) as row_count,
        json_build_object(
            'dates', coalesce(json_agg(points.as_of_date order by points.session_number), '[]'::json),
            'values', coalesce(json_agg(round(points.equity, 2) order by points.session_number), '[]'::json),
            'capital_flows', coalesce(
                json_agg(round(points.capital_flow, 2) order by points.session_number), '[]'::json
            ),
            'time_weighted', coalesce(
                json_agg(round(points.time_weighted::numeric, 6) order by points.session_number), '[]'::json
            ),
            'benchmark', coalesce(
                json_agg(round(points.benchmark::numeric, 6) order by points.session_number), '[]'::json
            ),
            'drawdown', coalesce(
                json_agg(round(points.drawdown::numeric, 6) order by points.session_number), '[]'::json
            )
        ) as body
    from asked
    cross join lateral udf.portfolio_series(%(portfolio_id)s::uuid, asked.from_date, asked.to_date) as points
    where %(include_series)s
)

select
    case
        when snapshot.portfolio_id is not null then json_build_object(
            'available', periods.row_count > 0,
            'portfolio_id', portfolio.portfolio_id,
            'calculation_date', case when periods.row_count > 0 then snapshot.as_of_date end,
            'benchmark', case
                when in_force.symbol is not null then json_build_object(
                    'symbol', in_force.symbol,
                    'is_default', in_force.is_default,
                    'valid_from', in_force.valid_from
                )
            end,
            'periods', periods.body,
            'monthly', months.body,
            'drawdowns', drawdowns.body,
            'series', case when %(include_series)s then series.body end,
            'metadata', json_build_object(
                'from', asked.from_date,
                'to', coalesce(asked.to_date, snapshot.as_of_date),
                'drawdown_count', drawdowns.row_count,
                'chain_broken_on', broken.broken_on,
                'price_source', snapshot.price_source,
                'price_notice', snapshot.price_notice
            ),
            'data_quality', json_build_object(
                'flag', case
                    when snapshot.position_count = snapshot.private_count then 'no_public_positions'
                    else 'full_history'
                end,
                'message', concat_ws(
                    ' ',
                    concat(
                        'All ', snapshot.position_count, ' positions count with their P&L of ',
                        snapshot.session_count, ' sessions.'
                    ),
                    case
                        when private_share.of_gross > 0
                            then concat(
                                trim_scale(round((100 * private_share.of_gross)::numeric, 1)),
                                ' %% of gross market value are private positions, valued at their last marks.'
                            )
                    end,
                    snapshot.price_notice
                ),
                'positions_analyzed', snapshot.position_count,
                'positions_total', snapshot.position_count,
                'positions_skipped', 0,
                'data_days', snapshot.session_count,
                'coverage_of_equity', case when snapshot.equity > 0 then 1 end,
                'positions_not_measured', '[]'::json
            )
        )
    end::text as body
from portfolio
left join snapshot on true
left join in_force on true
cross join private_share
cross join asked
cross join periods
cross join months
cross join drawdowns
cross join broken
cross join series
