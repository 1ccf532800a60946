{{ config(materialized='ephemeral') }}

-- Every position on every session of the window from its entry, or the portfolio's opening, to its exit or settlement,
-- or to the removal of its portfolio, with the split factor since the entry. An entry, and a sale with a price, are in
-- the shares of their stated date, even if the session on which they count is later.
with positions as (
    select * from {{ ref('int_positions') }}
),

windows as (
    select * from {{ ref('int_portfolio_windows') }}
),

sessions as (
    select * from {{ ref('int_calendar') }}
    where is_trading_day and as_of_date between {{ first_date() }} and {{ to_date() }}
),

splits as (
    select * from {{ ref('int_split_periods') }}
),

days as (
    select
        positions.*,
        sessions.as_of_date,
        sessions.as_of_date = positions.first_session as is_first_day,
        sessions.as_of_date < positions.last_session or positions.last_session is null as is_open,
        coalesce(sessions.as_of_date >= positions.settlement_session, false) as is_settlement,
        sessions.as_of_date = positions.last_session
        and positions.closed_by = 'exit'
        and positions.exit_price is not null as is_stated_exit
    from positions
    inner join sessions
        on
            positions.first_session <= sessions.as_of_date
            and (positions.last_session >= sessions.as_of_date or positions.last_session is null)
            and (positions.removed_on > sessions.as_of_date or positions.removed_on is null)
    inner join windows
        on positions.portfolio_id = windows.portfolio_id and sessions.as_of_date >= windows.from_date
),

final as (
    select
        days.*,
        cast(trim_scale(coalesce(entry_split.cumulative_ratio, 1)) as text) as entry_ratio,
        coalesce(case when days.is_stated_exit then exit_split.cumulative_ratio else now_split.cumulative_ratio end, 1)
        / coalesce(entry_split.cumulative_ratio, 1) as split_factor,
        coalesce(now_split.cumulative_ratio, 1) / coalesce(entry_split.cumulative_ratio, 1) as closing_split_factor
    from days
    {{ join_split_period('splits', 'now_split', 'days.pricing_symbol', 'days.as_of_date') }}
    {{ join_split_period('splits', 'entry_split', 'days.pricing_symbol', 'days.entry_date', since='ex_date') }}
    {{ join_split_period('splits', 'exit_split', 'days.pricing_symbol', 'days.exit_date', since='ex_date') }}
)

select * from final
