-- A day missing between two builds would silently drop its P&L from the running totals: every position must have a
-- row for each session from its first to its last, and each day's P&L must start at the value of the day before. A lot
-- from before the portfolio's opening, or from a spin-off, has no P&L on its first day; every other lot starts at its
-- cost.
with windows as (
    select * from {{ ref('int_portfolio_windows') }}
),

-- Only the dates that the test needs: the full history is many times larger.
position_values as materialized (
    {{ tested_rows(
        ref('int_position_values'), before=true, since='(select min(windows.session_before) from windows)'
    ) }}
),

positions as (
    select * from {{ ref('int_positions') }}
),

parents as (
    select distinct position_id from {{ ref('int_spin_off_parents') }}
),

sessions as (
    select * from {{ ref('int_calendar') }}
    where is_trading_day and as_of_date <= (select max(position_values.as_of_date) from position_values)
),

expected_days as (
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
        expected_days.position_id,
        expected_days.portfolio_id,
        expected_days.as_of_date,
        expected_days.is_opening,
        parents.position_id is not null as is_divided,
        expected_days.is_opening and expected_days.as_of_date = expected_days.first_session as is_opening_day,
        case
            when expected_days.as_of_date = expected_days.first_session then expected_days.cost_basis
            else day_before.market_value
        end as previous_value
    from expected_days
    left join parents on expected_days.position_id = parents.position_id
    left join position_values as day_before
        on
            expected_days.position_id = day_before.position_id
            and expected_days.previous_trading_day = day_before.as_of_date
)

select
    coalesce(expected.position_id, found.position_id) as position_id,
    coalesce(expected.portfolio_id, found.portfolio_id) as portfolio_id,
    coalesce(expected.as_of_date, found.as_of_date) as as_of_date
from expected
full outer join (
    {{ tested_rows(ref('int_position_values')) }}
) as found
    on expected.position_id = found.position_id and expected.as_of_date = found.as_of_date
where
    expected.position_id is null
    or found.position_id is null
    or (not expected.is_opening_day and found.previous_market_value is distinct from expected.previous_value)
    or (expected.is_opening_day and found.daily_pnl <> 0)
    or (not expected.is_opening and not expected.is_divided and found.unrealized_at_opening <> 0)
