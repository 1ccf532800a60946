{{ config(materialized='ephemeral') }}

-- Every position on every session of the window from entry to exit or settlement, in that day's shares.
with positions as (
    select * from {{ ref('int_positions') }}
),

sessions as (
    select * from {{ ref('int_calendar') }}
    where is_trading_day and as_of_date between {{ from_date() }} and {{ to_date() }}
),

splits as (
    select * from {{ ref('int_split_periods') }}
),

days as (
    select
        positions.*,
        sessions.as_of_date,
        sessions.as_of_date = positions.first_session as is_first_day,
        sessions.as_of_date < positions.last_session or positions.last_session is null as is_open
    from positions
    inner join sessions
        on
            positions.first_session <= sessions.as_of_date
            and (positions.last_session >= sessions.as_of_date or positions.last_session is null)
),

final as (
    select
        days.*,
        coalesce(now_split.cumulative_ratio, 1) / coalesce(entry_split.cumulative_ratio, 1) as split_factor
    from days
    left join splits as now_split
        on
            days.pricing_symbol = now_split.symbol
            and days.as_of_date >= now_split.ex_session
            and (days.as_of_date < now_split.next_ex_session or now_split.next_ex_session is null)
    left join splits as entry_split
        on
            days.pricing_symbol = entry_split.symbol
            and days.first_session >= entry_split.ex_session
            and (days.first_session < entry_split.next_ex_session or entry_split.next_ex_session is null)
)

select * from final
