{{ config(
    materialized='mart',
    grain=['portfolio_id', 'as_of_date', 'period'],
    not_restated=[
        'from_date', 'base_date', 'sessions', 'time_weighted_annualized', 'money_weighted', 'benchmark_annualized', 'excess',
        'coverage',
    ],
) }}

-- Returns from the close of a period's base session to the close of the day. A portfolio that is younger than a period
-- to date has one since its start; a trailing period needs all of its sessions. Only the base sessions of earlier dates
-- are read.
with days as materialized (
    select * from {{ ref('int_portfolio_days') }}
),

calendar as (
    select * from {{ ref('int_calendar') }}
),

snapshots as not materialized (
    {{ portfolio_rows(ref('fct_portfolio_snapshots')) }}
),

benchmarks as not materialized (
    {{ portfolio_rows(ref('fct_benchmark_returns')) }}
),

flows as (
    select
        capital_flows.portfolio_id,
        capital_flows.as_of_date,
        -- the start of the session: the flow is part of the capital of that day
        calendar.previous_trading_day as invested_on,
        cast(capital_flows.capital_flow as double precision) as capital_flow
    from {{ ref('int_capital_flows') }} as capital_flows
    inner join calendar on capital_flows.as_of_date = calendar.as_of_date
    where capital_flows.capital_flow <> 0
),

periods as materialized (
    select
        calendar.as_of_date,
        named.period_name as period,
        named.is_trailing,
        base.session_on_or_before as base_date
    from calendar
    cross join
        lateral (
            values
            ('1D', calendar.as_of_date - 1, false),
            ('1W', calendar.as_of_date - 7, true),
            ('MTD', cast(date_trunc('month', calendar.as_of_date) as date) - 1, false),
            ('QTD', cast(date_trunc('quarter', calendar.as_of_date) as date) - 1, false),
            ('YTD', cast(date_trunc('year', calendar.as_of_date) as date) - 1, false),
            ('1Y', cast(calendar.as_of_date - interval '1 year' as date), true),
            ('3Y', cast(calendar.as_of_date - interval '3 years' as date), true),
            ('ITD', cast(null as date), false)
        ) as named (period_name, last_day_before, is_trailing)
    left join calendar as base on named.last_day_before = base.as_of_date
    where calendar.is_trading_day and calendar.as_of_date between {{ first_date() }} and {{ to_date() }}
),

levels as materialized (
    select
        snapshots.portfolio_id,
        snapshots.as_of_date,
        cast(snapshots.equity as double precision) as equity,
        snapshots.twr_index,
        snapshots.session_count,
        benchmarks.symbol,
        benchmarks.benchmark_index,
        benchmarks.return_count
    from snapshots
    inner join benchmarks
        on snapshots.portfolio_id = benchmarks.portfolio_id and snapshots.as_of_date = benchmarks.as_of_date
    where
        snapshots.as_of_date = any(array(
            select periods.as_of_date from periods
            union
            select periods.base_date from periods
        ))
        and benchmarks.as_of_date = any(array(
            select periods.as_of_date from periods
            union
            select periods.base_date from periods
        ))
),

-- The two ends of each period; before the first session stand the initial equity and indices of 1.
spans as (
    select
        days.portfolio_id,
        days.as_of_date,
        periods.period,
        periods.is_trailing and coalesce(periods.base_date < days.first_session, true) as is_too_short,
        case
            when periods.base_date >= days.first_session then periods.base_date
            else before_first.previous_trading_day
        end as base_date,
        case
            when periods.base_date >= days.first_session then base.equity
            else cast(days.initial_equity as double precision)
        end as base_equity,
        case when periods.base_date >= days.first_session then base.twr_index else 1 end as base_index,
        coalesce(base.benchmark_index, 1) as base_benchmark_index,
        today.equity,
        today.twr_index,
        today.symbol,
        today.benchmark_index,
        today.session_count - coalesce(base.session_count, 0) as sessions,
        today.return_count - coalesce(base.return_count, 0) as known_returns
    from days
    inner join periods on days.as_of_date = periods.as_of_date
    inner join levels as today on days.portfolio_id = today.portfolio_id and days.as_of_date = today.as_of_date
    inner join calendar as before_first on days.first_session = before_first.as_of_date
    left join levels as base
        on
            days.portfolio_id = base.portfolio_id
            and periods.base_date = base.as_of_date
            and days.first_session <= periods.base_date
),

dated as (
    select
        spans.*,
        calendar.next_trading_day as from_date,
        spans.as_of_date - spans.base_date as calendar_days
    from spans
    inner join calendar on spans.base_date = calendar.as_of_date
),

period_flows as (
    select
        dated.portfolio_id,
        dated.as_of_date,
        dated.period,
        array_agg(flows.capital_flow order by flows.as_of_date) as amounts,
        array_agg(
            cast(dated.as_of_date - flows.invested_on as double precision) / dated.calendar_days
            order by flows.as_of_date
        ) as remaining
    from dated
    inner join flows
        on
            dated.portfolio_id = flows.portfolio_id
            and dated.base_date < flows.as_of_date
            and dated.as_of_date >= flows.as_of_date
    where not dated.is_too_short
    group by dated.portfolio_id, dated.as_of_date, dated.period
),

grown as (
    select
        dated.*,
        case when not dated.is_too_short then dated.twr_index / dated.base_index end as growth,
        case
            when not dated.is_too_short
                then udf.money_weighted_growth(
                    dated.base_equity, dated.equity, period_flows.amounts, period_flows.remaining
                )
        end as money_weighted_growth,
        case
            when not dated.is_too_short and dated.known_returns = dated.sessions
                then dated.benchmark_index / dated.base_benchmark_index
        end as benchmark_growth,
        cast(365.0 / dated.calendar_days as double precision) as periods_a_year
    from dated
    left join period_flows
        on
            dated.portfolio_id = period_flows.portfolio_id
            and dated.as_of_date = period_flows.as_of_date
            and dated.period = period_flows.period
),

final as (
    select
        portfolio_id,
        as_of_date,
        period,
        case when not is_too_short then from_date end as from_date,
        case when not is_too_short then base_date end as base_date,
        case when not is_too_short then cast(sessions as integer) end as sessions,
        growth - 1 as time_weighted,
        case when calendar_days >= 365 then power(growth, periods_a_year) - 1 end as time_weighted_annualized,
        case
            when is_too_short then 'history_too_short'
            when growth is null then 'return_chain_broken'
        end as time_weighted_null_reason,
        case
            when abs(ln(money_weighted_growth)) * periods_a_year < 700
                then power(money_weighted_growth, periods_a_year) - 1
        end as money_weighted,
        money_weighted_growth - 1 as money_weighted_period,
        case
            when is_too_short then 'history_too_short'
            when base_equity <= 0 or equity <= 0 then 'equity_not_positive'
            when money_weighted_growth is null then 'no_unique_rate'
            when abs(ln(money_weighted_growth)) * periods_a_year >= 700 then 'annual_rate_out_of_range'
        end as money_weighted_null_reason,
        symbol as benchmark_symbol,
        benchmark_growth - 1 as benchmark,
        case when calendar_days >= 365 then power(benchmark_growth, periods_a_year) - 1 end as benchmark_annualized,
        case
            when is_too_short then 'history_too_short'
            when benchmark_growth is null then 'benchmark_returns_missing'
        end as benchmark_null_reason,
        growth - benchmark_growth as excess,
        case when not is_too_short then cast(known_returns as double precision) / sessions end as coverage
    from grown
)

select * from final
