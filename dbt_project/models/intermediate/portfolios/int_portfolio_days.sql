{{ config(materialized='ephemeral') }}

-- Every portfolio on every session of the window from its start until its removal, with its capital flow.
with portfolios as (
    select * from {{ ref('stg_raw__portfolios') }}
),

positions as (
    select * from {{ ref('int_positions') }}
),

calendar as (
    select * from {{ ref('int_calendar') }}
),

flows as (
    select * from {{ ref('int_capital_flows') }}
),

windows as (
    select * from {{ ref('int_portfolio_windows') }}
),

-- A portfolio starts at its inception, or at its first entry if that is earlier.
starts as (
    select
        portfolios.portfolio_id,
        portfolios.removed_on,
        cast(portfolios.initial_equity as numeric(38, 2)) as initial_equity,
        least(inception.session_on_or_after, min(positions.first_session)) as first_session
    from portfolios
    inner join calendar as inception on portfolios.inception_date = inception.as_of_date
    left join positions on portfolios.portfolio_id = positions.portfolio_id
    group by
        portfolios.portfolio_id, portfolios.removed_on, portfolios.initial_equity, inception.session_on_or_after
),

final as (
    select
        starts.portfolio_id,
        starts.initial_equity,
        starts.first_session,
        calendar.as_of_date,
        cast(coalesce(flows.capital_flow, 0) as numeric(38, 2)) as capital_flow
    from starts
    inner join calendar
        on
            starts.first_session <= calendar.as_of_date
            and (starts.removed_on > calendar.as_of_date or starts.removed_on is null)
            and calendar.is_trading_day
            and calendar.as_of_date between {{ first_date() }} and {{ to_date() }}
    inner join windows
        on starts.portfolio_id = windows.portfolio_id and calendar.as_of_date >= windows.from_date
    left join flows
        on starts.portfolio_id = flows.portfolio_id and calendar.as_of_date = flows.as_of_date
)

select * from final
