{{ config(materialized='ephemeral') }}

-- Every position on every session of the window from its entry, or the portfolio's opening, to its exit or settlement,
-- or to the removal of its portfolio, as what it is held on that session: symbol, shares per share at the entry, cost.
-- An entry, and a sale with a price, are in the shares of their stated date, even if the session on which they count is
-- later.
with positions as (
    select * from {{ ref('int_positions') }}
),

paths as (
    select * from {{ ref('int_position_paths') }}
    where symbol is not null
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
        positions.position_id,
        positions.portfolio_id,
        case
            when positions.investment_class = 'PUBLIC' then coalesce(paths.symbol, positions.symbol)
            else positions.symbol
        end as symbol,
        coalesce(paths.symbol, positions.pricing_symbol) as pricing_symbol,
        positions.pricing_symbol as entry_symbol,
        positions.investment_class,
        positions.position_type,
        positions.is_cash,
        positions.is_cash_equivalent,
        positions.option_type,
        positions.exercise,
        positions.strike_price,
        positions.expiration_date,
        positions.quantity,
        positions.contract_multiplier,
        positions.entry_date,
        positions.entry_price,
        positions.cost_basis as entry_cost,
        coalesce(paths.cost_left, positions.cost_basis) as cost_basis,
        positions.exit_date,
        positions.exit_price,
        positions.entry_session,
        positions.is_opening,
        positions.spun_off_lot,
        coalesce(paths.is_adjusted, false) as is_adjusted,
        positions.closed_by,
        sessions.as_of_date,
        sessions.as_of_date = positions.first_session as is_first_day,
        sessions.as_of_date < positions.last_session or positions.last_session is null as is_open,
        coalesce(sessions.as_of_date >= positions.settlement_session, false) as is_settlement,
        sessions.as_of_date = positions.last_session
        and positions.closed_by = 'exit'
        and positions.exit_price is not null as is_stated_exit,
        coalesce(paths.since_date, positions.entry_date) as since_date,
        coalesce(paths.step, 1) as step,
        coalesce(paths.ratio, 1) as ratio_before,
        coalesce(paths.strike_cut, 0) as cut_before,
        -- an opening balance has what a merger of its day paid in its cash
        case
            when
                sessions.as_of_date = paths.from_session
                and not (sessions.as_of_date = positions.first_session and positions.is_opening)
                then paths.cash
            else 0
        end as merger_cash,
        case
            when
                sessions.as_of_date = paths.from_session
                and not (sessions.as_of_date = positions.first_session and positions.is_opening)
                then paths.gain
            else 0
        end as merger_gain
    from positions
    left join paths on positions.position_id = paths.position_id
    inner join sessions
        on
            positions.first_session <= sessions.as_of_date
            and (positions.last_session >= sessions.as_of_date or positions.last_session is null)
            and (positions.removed_on > sessions.as_of_date or positions.removed_on is null)
            and (paths.from_session <= sessions.as_of_date or paths.from_session is null)
            and (paths.before_session > sessions.as_of_date or paths.before_session is null)
    inner join windows
        on positions.portfolio_id = windows.portfolio_id and sessions.as_of_date >= windows.from_date
),

final as (
    select
        days.*,
        cast(trim_scale(coalesce(entry_split.cumulative_ratio, 1)) as text) as entry_ratio,
        days.ratio_before
        * coalesce(
            case when days.is_stated_exit then exit_split.cumulative_ratio else now_split.cumulative_ratio end, 1
        )
        / coalesce(since_split.cumulative_ratio, 1) as split_factor,
        days.ratio_before * coalesce(now_split.cumulative_ratio, 1) / coalesce(since_split.cumulative_ratio, 1)
            as closing_split_factor,
        days.cut_before + days.ratio_before * (
            coalesce(now_split.cumulative_cut, 0) - coalesce(since_split.cumulative_cut, 0)
        ) / coalesce(since_split.cumulative_ratio, 1) as strike_cut
    from days
    {{ join_split_period('splits', 'now_split', 'days.pricing_symbol', 'days.as_of_date') }}
    {{ join_split_period('splits', 'since_split', 'days.pricing_symbol', 'days.since_date', since='ex_date') }}
    {{ join_split_period('splits', 'exit_split', 'days.pricing_symbol', 'days.exit_date', since='ex_date') }}
    {{ join_split_period('splits', 'entry_split', 'days.entry_symbol', 'days.entry_date', since='ex_date') }}
)

select * from final
