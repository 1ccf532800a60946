{{ config(materialized='ephemeral') }}

-- How many portfolios hold each priced symbol, or an option on it, at the close of each session of the window.
with positions as (
    select * from {{ ref('int_positions') }}
    where investment_class <> 'PRIVATE' and not is_cash
),

paths as (
    select * from {{ ref('int_position_paths') }}
    where symbol is not null
),

sessions as (
    select * from {{ ref('int_calendar') }}
    where is_trading_day and as_of_date between {{ first_date() }} and {{ to_date() }}
),

final as (
    select
        paths.symbol,
        sessions.as_of_date,
        cast(count(distinct positions.portfolio_id) as integer) as used_by_portfolios
    from positions
    inner join paths on positions.position_id = paths.position_id
    inner join sessions
        on
            positions.first_session <= sessions.as_of_date
            and paths.from_session <= sessions.as_of_date
            and paths.before_session > sessions.as_of_date
            and (positions.last_session > sessions.as_of_date or positions.last_session is null)
            and (positions.removed_on > sessions.as_of_date or positions.removed_on is null)
    group by paths.symbol, sessions.as_of_date
)

select * from final
