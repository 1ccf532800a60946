{{ config(materialized='ephemeral') }}

-- How the time-weighted daily returns of portfolios went with those of their benchmarks, over the sessions up to each
-- that is being built on which both are known.
{%- set rules = var('benchmark_rules') %}
with windows as (
    select * from {{ ref('int_portfolio_windows') }}
),

engine_sessions as (
    select * from {{ ref('int_session_windows') }}
),

first_built as (
    select min(engine_sessions.session_number) as session_number
    from engine_sessions
    inner join windows on engine_sessions.as_of_date >= windows.from_date
),

sessions as (
    select engine_sessions.*
    from engine_sessions
    inner join first_built on engine_sessions.session_number > first_built.session_number - {{ rules.window }}
),

snapshots as (
    {{ portfolio_rows(ref('fct_portfolio_snapshots'), since='(select min(sessions.as_of_date) from sessions)') }}
),

benchmarks as (
    {{ portfolio_rows(ref('fct_benchmark_returns'), since='(select min(sessions.as_of_date) from sessions)') }}
),

portfolios as (
    select * from {{ ref('stg_raw__portfolios') }}
),

-- As numeric: sums do not depend on the order of days, and are cheap over a moving window. An opening balance performs
-- from the close of its session on: there is no return before.
earned as (
    select
        snapshots.portfolio_id,
        snapshots.as_of_date,
        sessions.session_number,
        snapshots.session_count,
        snapshots.is_chain_broken,
        snapshots.public_daily_pnl <> 0 or snapshots.private_count = 0 as is_market_day,
        cast(snapshots.daily_return as numeric(38, 12)) as daily_return,
        cast(benchmarks.daily_return as numeric(38, 12)) as benchmark_return
    from snapshots
    inner join sessions on snapshots.as_of_date = sessions.as_of_date
    inner join portfolios on snapshots.portfolio_id = portfolios.portfolio_id
    left join benchmarks
        on snapshots.portfolio_id = benchmarks.portfolio_id and snapshots.as_of_date = benchmarks.as_of_date
    where snapshots.as_of_date is distinct from portfolios.opening_date
),

compared as (
    select
        *,
        daily_return * 0 + benchmark_return as benchmark,
        benchmark_return * 0 + daily_return as portfolio,
        daily_return - benchmark_return as difference -- noqa: RF04
    from earned
),

summed as (
    select
        portfolio_id,
        as_of_date,
        is_chain_broken,
        count(*) over recent as sessions,
        count(daily_return) over recent as known_returns,
        count(difference) over recent as observations,
        count(difference) filter (where is_market_day) over recent as market_days,
        count(difference) filter (where benchmark > 0) over recent as up_sessions,
        count(difference) filter (where benchmark < 0) over recent as down_sessions,
        sum(portfolio) over recent as portfolio,
        sum(benchmark) over recent as benchmark,
        sum(portfolio * benchmark) over recent as product, -- noqa: RF04
        sum(benchmark * benchmark) over recent as square,
        sum(difference) over recent as difference, -- noqa: RF04
        sum(difference * difference) over recent as squared_difference,
        sum(portfolio) filter (where benchmark > 0) over recent as portfolio_up,
        sum(benchmark) filter (where benchmark > 0) over recent as benchmark_up,
        sum(portfolio) filter (where benchmark < 0) over recent as portfolio_down,
        sum(benchmark) filter (where benchmark < 0) over recent as benchmark_down
    from compared
    window recent as (
        partition by portfolio_id order by session_number
        range between {{ rules.window - 1 }} preceding and current row
    )
),

final as (
    select
        summed.portfolio_id,
        summed.as_of_date,
        summed.sessions,
        summed.observations,
        summed.up_sessions,
        summed.down_sessions,
        summed.difference / nullif(summed.observations, 0) as mean_difference,
        -- before any division, so that a portfolio that is its benchmark has 1 and 0 without a rounding
        sqrt(
            (summed.observations * summed.squared_difference - summed.difference * summed.difference)
            / nullif(summed.observations * (summed.observations - 1), 0)
        ) as deviation,
        (summed.observations * summed.product - summed.portfolio * summed.benchmark)
        / nullif(summed.observations * summed.square - summed.benchmark * summed.benchmark, 0) as beta,
        summed.portfolio_up / summed.benchmark_up as up_capture,
        summed.portfolio_down / summed.benchmark_down as down_capture,
        case
            when summed.is_chain_broken then 'return_chain_broken'
            when summed.known_returns < {{ rules.minimum }} then 'too_few_sessions'
            when summed.observations < {{ rules.minimum }} then 'benchmark_returns_missing'
            when summed.market_days < {{ rules.minimum }} then 'too_few_market_days'
        end as null_reason
    from summed
    inner join windows on summed.portfolio_id = windows.portfolio_id and summed.as_of_date >= windows.from_date
)

select * from final
