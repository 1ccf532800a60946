{{ config(materialized='mart', grain=['position_id', 'as_of_date', 'kind']) }}

-- What changed the quantity of each position: the quantities up to a session add up to what is held at its close, and
-- the amounts of a session to the change of the portfolio's cash, besides capital flows and dividends.
with position_values as (
    select * from {{ ref('int_position_values') }}
    where {{ is_being_built() }}
),

positions as (
    select
        *,
        coalesce(last_session, 'infinity') < max(coalesce(last_session, 'infinity')) over (
            partition by
                portfolio_id, symbol, entry_date, coalesce(cast(spun_off_lot as text), cast(entry_price as text)),
                sign(quantity)
        ) as is_part_of_lot
    from {{ ref('int_positions') }}
),

mergers as (
    select * from {{ ref('int_position_paths') }}
    where step > 1 and symbol is not null and new_symbol is null
),

spin_offs as (
    select * from {{ ref('int_spin_off_parents') }}
),

windows as (
    select * from {{ ref('int_portfolio_windows') }}
),

before as (
    {{ portfolio_rows(ref('int_position_values'), since='(select min(windows.session_before) from windows)') }}
),

calendar as (
    select * from {{ ref('int_calendar') }}
),

splits as (
    select * from {{ ref('int_split_periods') }}
),

-- the sessions on which a position begins, is split or merged, or ends; an opening balance is after its day's merger
held as (
    select
        position_values.position_id,
        position_values.as_of_date,
        position_values.portfolio_id,
        position_values.symbol,
        positions.underlying_symbol,
        position_values.investment_class,
        position_values.position_type,
        position_values.is_open,
        position_values.quantity,
        position_values.price,
        position_values.cost_basis,
        -- a lot may receive a spin-off on its first session: what it was bought for is its cost before
        case
            when positions.is_opening then position_values.cost_basis + position_values.unrealized_at_opening
            else positions.cost_basis
        end as opening_value,
        position_values.realized_pnl,
        positions.quantity as entry_quantity,
        positions.entry_date,
        positions.entry_price,
        positions.exit_date,
        positions.expiration_date,
        positions.closed_by,
        positions.is_opening,
        positions.spun_off_on,
        positions.is_part_of_lot,
        spin_offs.ex_date as spin_off_date,
        coalesce(position_values.spun_off_value, 0) as spun_off_value,
        positions.first_session = position_values.as_of_date as is_first_day,
        splits.ex_date as split_date,
        positions.merger_date as ending_date,
        mergers.since_date as merger_date,
        coalesce(mergers.cash, 0) as merger_cash,
        coalesce(mergers.gain, 0) as merger_gain
    from position_values
    inner join positions on position_values.position_id = positions.position_id
    left join mergers
        on
            position_values.position_id = mergers.position_id
            and position_values.as_of_date = mergers.from_session
            and not (positions.is_opening and position_values.as_of_date = positions.first_session)
    left join spin_offs
        on position_values.position_id = spin_offs.position_id and position_values.as_of_date = spin_offs.first_session
    left join splits
        on position_values.pricing_symbol = splits.symbol and position_values.as_of_date = splits.ex_session
    where
        positions.first_session = position_values.as_of_date
        or splits.ex_date is not null
        or mergers.since_date is not null
        or spin_offs.ex_date is not null
        or not position_values.is_open
),

begun as (
    select
        *,
        case when spun_off_on is not null then 'spin_off' when is_opening then 'opening' else 'entry' end as kind,
        coalesce(spun_off_on, entry_date) as trade_date,
        case when is_opening then quantity else entry_quantity end as quantity_change,
        case when is_opening then price else entry_price end as trade_price,
        -opening_value as amount,
        0 as gain
    from held
    where is_first_day
),

-- what is received is as if bought for its value by the lot that receives it
divided as (
    select
        *,
        'spin_off' as kind,
        spin_off_date as trade_date,
        0 as quantity_change,
        cast(null as numeric) as trade_price,
        spun_off_value as amount,
        0 as gain
    from held
    where spin_off_date is not null
),

merged as (
    select
        held.*,
        'merger' as kind,
        held.merger_date as trade_date,
        held.quantity - coalesce(before.quantity, held.entry_quantity) as quantity_change,
        cast(null as numeric) as trade_price,
        held.merger_cash as amount,
        held.merger_gain as gain
    from held
    inner join calendar on held.as_of_date = calendar.as_of_date
    left join before on held.position_id = before.position_id and calendar.previous_trading_day = before.as_of_date
    where held.merger_date is not null
),

split as (
    select
        held.*,
        'split' as kind,
        held.split_date as trade_date,
        held.quantity - coalesce(before.quantity, held.entry_quantity) as quantity_change,
        cast(null as numeric) as trade_price,
        0 as amount,
        0 as gain
    from held
    inner join calendar on held.as_of_date = calendar.as_of_date
    left join before on held.position_id = before.position_id and calendar.previous_trading_day = before.as_of_date
    -- an opening is in the shares of its day
    where held.split_date is not null and held.merger_date is null and not (held.is_first_day and held.is_opening)
),

ended as (
    select
        *,
        case
            when closed_by = 'settlement' then 'expiry'
            when closed_by = 'merger' then 'merger'
            when is_part_of_lot then 'partial_exit'
            else 'exit'
        end as kind,
        case closed_by when 'settlement' then expiration_date when 'merger' then ending_date else exit_date end
            as trade_date,
        -quantity as quantity_change,
        price as trade_price,
        cost_basis + realized_pnl - merger_gain as amount,
        realized_pnl - merger_gain as gain
    from held
    where not is_open
),

trades as (
    select * from begun
    union all
    select * from divided
    union all
    select * from merged
    union all
    select * from split
    where quantity_change <> 0
    union all
    select * from ended
),

final as (
    select
        position_id,
        as_of_date,
        kind,
        portfolio_id,
        trade_date,
        symbol,
        underlying_symbol,
        investment_class,
        position_type,
        cast(quantity_change as numeric(38, 6)) as quantity,
        trade_price as price,
        cast(amount as numeric(38, 2)) as amount,
        cast(gain as numeric(38, 2)) as realized_pnl
    from trades
)

select * from final
