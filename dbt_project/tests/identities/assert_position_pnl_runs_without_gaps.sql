-- A day lost between two builds would lose its P&L from the running totals, and nobody would see it:
-- every position has a row for each session from its first to its last, and each day's P&L starts at
-- the value of the day before.
with position_values as not materialized (
    select * from {{ ref('int_position_values') }}
),

positions as (
    select * from {{ ref('int_positions') }}
),

sessions as (
    select * from {{ ref('int_calendar') }}
    where
        is_trading_day and {{ in_window() }}
        and as_of_date <= (select max(position_values.as_of_date) from position_values)
),

-- Only what the dates tested can reach: all of history is many times as much.
days_before as (
    select * from position_values
    where
        as_of_date >= (select min(sessions.previous_trading_day) from sessions)
        and as_of_date < {{ to_date() }}
),

expected as (
    select
        positions.position_id,
        sessions.as_of_date,
        case
            when sessions.as_of_date = positions.first_session then positions.cost_basis
            else day_before.market_value
        end as previous_value
    from positions
    inner join sessions
        on
            positions.first_session <= sessions.as_of_date
            and (positions.last_session >= sessions.as_of_date or positions.last_session is null)
            and (positions.removed_on > sessions.as_of_date or positions.removed_on is null)
    left join days_before as day_before
        on
            positions.position_id = day_before.position_id
            and sessions.previous_trading_day = day_before.as_of_date
)

select
    coalesce(expected.position_id, found.position_id) as position_id,
    coalesce(expected.as_of_date, found.as_of_date) as as_of_date
from expected
full outer join (
    select * from position_values
    where {{ in_window() }}
) as found
    on expected.position_id = found.position_id and expected.as_of_date = found.as_of_date
where
    expected.position_id is null
    or found.position_id is null
    or found.previous_market_value is distinct from expected.previous_value
