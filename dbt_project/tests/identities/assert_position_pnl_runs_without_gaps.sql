-- A day lost between two builds would lose its P&L from the running totals, and nobody would see it:
-- every position has a row for each session from its first to its last, and each day's P&L starts at
-- the value of the day before.
with windows as (
    select * from {{ ref('int_portfolio_windows') }}
),

-- Only what the dates tested can reach: all of history is many times as much.
position_values as materialized (
    {{ tested_rows(
        ref('int_position_values'), before=true, since='(select min(windows.session_before) from windows)'
    ) }}
),

positions as (
    select * from {{ ref('int_positions') }}
),

sessions as (
    select * from {{ ref('int_calendar') }}
    where is_trading_day and as_of_date <= (select max(position_values.as_of_date) from position_values)
),

lived as (
    select
        positions.*,
        sessions.as_of_date,
        sessions.previous_trading_day
    from positions
    inner join sessions
        on
            positions.first_session <= sessions.as_of_date
            and (positions.last_session >= sessions.as_of_date or positions.last_session is null)
            and (positions.removed_on > sessions.as_of_date or positions.removed_on is null)
    left join windows on positions.portfolio_id = windows.portfolio_id
    where {{ 'true' if var('test_all_dates') else 'sessions.as_of_date >= windows.from_date' }}
),

expected as (
    select
        lived.position_id,
        lived.as_of_date,
        case
            when lived.as_of_date = lived.first_session then lived.cost_basis
            else day_before.market_value
        end as previous_value
    from lived
    left join position_values as day_before
        on lived.position_id = day_before.position_id and lived.previous_trading_day = day_before.as_of_date
)

select
    coalesce(expected.position_id, found.position_id) as position_id,
    coalesce(expected.as_of_date, found.as_of_date) as as_of_date
from expected
full outer join (
    {{ tested_rows(ref('int_position_values')) }}
) as found
    on expected.position_id = found.position_id and expected.as_of_date = found.as_of_date
where
    expected.position_id is null
    or found.position_id is null
    or found.previous_market_value is distinct from expected.previous_value
