{{ config(
    materialized='build_table',
    indexes=[{'columns': ['symbol', 'as_of_date'], 'unique': true}, {'columns': ['as_of_date']}],
) }}

-- One price per held symbol and session: the day's close, else the last one, adjusted for splits and flagged.
with prices as not materialized (
    {{ market_rows(ref('fct_prices'), since="date '-infinity'") }}
),

windows as (
    select * from {{ ref('int_portfolio_windows') }}
),

positions as (
    select * from {{ ref('int_positions') }}
),

calendar as (
    select * from {{ ref('int_calendar') }}
),

sessions as (
    select * from calendar
    where is_trading_day and as_of_date between {{ first_date() }} and {{ to_date() }}
),

splits as (
    select * from {{ ref('int_split_periods') }}
),

paths as (
    select * from {{ ref('int_position_paths') }}
),

-- an adjusted contract needs the prices of what was spun off too
held as (
    select
        position_id,
        symbol,
        from_session
    from paths
    where symbol is not null
    union all
    select
        position_id,
        new_symbol as symbol,
        from_session
    from paths
    where new_symbol is not null
),

-- what a merger for cash pays is the last price of its symbol
payments as (
    select * from {{ ref('int_mergers') }}
    where new_symbol is null
),

symbols as (
    select
        held.symbol,
        greatest(min(greatest(positions.first_session, held.from_session)), min(windows.from_date)) as first_needed
    from positions
    inner join held on positions.position_id = held.position_id
    inner join windows on positions.portfolio_id = windows.portfolio_id
    group by held.symbol
),

earlier as (
    select
        symbols.symbol,
        last_close.as_of_date as price_date,
        last_close.close,
        last_close.source
    from symbols
    cross join lateral (
        select
            prices.as_of_date,
            prices.close,
            prices.source
        from prices
        where prices.symbol = symbols.symbol and prices.as_of_date < symbols.first_needed
        order by prices.as_of_date desc
        limit 1
    ) as last_close
),

grid as (
    select
        symbols.symbol,
        sessions.as_of_date,
        sessions.session_number,
        coalesce(payments.cash, prices.close) as close,
        case when payments.symbol is null then prices.source else 'merger' end as source,
        max(case when payments.symbol is null then prices.as_of_date else sessions.as_of_date end) over (
            partition by symbols.symbol order by sessions.as_of_date
        ) as last_date_in_window
    from symbols
    inner join sessions on symbols.first_needed <= sessions.as_of_date
    left join prices on symbols.symbol = prices.symbol and sessions.as_of_date = prices.as_of_date
    left join payments on symbols.symbol = payments.symbol and sessions.as_of_date = payments.ex_session
),

carried as (
    select
        grid.symbol,
        grid.as_of_date,
        grid.session_number,
        coalesce(grid.last_date_in_window, earlier.price_date) as price_date,
        coalesce(first_value(grid.close) over same_price, earlier.close) as close,
        coalesce(first_value(grid.source) over same_price, earlier.source) as source
    from grid
    left join earlier on grid.symbol = earlier.symbol
    window same_price as (partition by grid.symbol, grid.last_date_in_window order by grid.as_of_date)
),

final as (
    select
        carried.symbol,
        carried.as_of_date,
        trim_scale(
            carried.close * coalesce(priced_split.cumulative_ratio, 1) / coalesce(now_split.cumulative_ratio, 1)
        ) as price,
        carried.price_date,
        case
            when carried.price_date = carried.as_of_date then null
            when carried.session_number - priced_days.session_number <= {{ var('stale_price_sessions') }}
                then 'stale_price'
            when carried.session_number - priced_days.session_number <= {{ var('dead_symbol_sessions') }}
                then 'missing_price'
            else 'dead_symbol'
        end as price_flag,
        carried.source
    from carried
    inner join calendar as priced_days on carried.price_date = priced_days.as_of_date
    {{ join_split_period('splits', 'now_split', 'carried.symbol', 'carried.as_of_date') }}
    {{ join_split_period('splits', 'priced_split', 'carried.symbol', 'carried.price_date') }}
)

select * from final
