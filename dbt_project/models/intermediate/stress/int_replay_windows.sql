-- Windows of the historical scenarios. Returns count from the close of the first date: their sessions are those after
-- it, up to the last date.
with scenarios as (
    select * from {{ ref('scenarios') }}
    where historical_period is not null
),

calendar as (
    select * from {{ ref('int_calendar') }}
    where is_trading_day
),

periods as (
    select distinct
        scenario_id,
        {{ period_date('first') }} as first_date,
        {{ period_date('last') }} as last_date
    from scenarios
),

final as (
    select
        periods.scenario_id,
        periods.first_date,
        periods.last_date,
        min(calendar.as_of_date) as first_session,
        max(calendar.as_of_date) as last_session,
        count(calendar.as_of_date) as session_count
    from periods
    left join calendar on periods.first_date < calendar.as_of_date and periods.last_date >= calendar.as_of_date
    group by periods.scenario_id, periods.first_date, periods.last_date
)

select * from final
