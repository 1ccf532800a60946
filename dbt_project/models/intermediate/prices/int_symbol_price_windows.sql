{{ config(materialized='ephemeral') }}

-- For each symbol and session of the window: completeness of its prices over the last data_quality_sessions. A symbol
-- has rows from its first price or first holding on, whichever is earlier.
with sessions as (
    select * from {{ ref('int_calendar') }}
    where is_trading_day and as_of_date <= {{ to_date() }}
),

symbols as (
    {{ newest_versions(ref('dim_symbols'), ['symbol']) }}
),

holdings as (
    select * from {{ ref('int_positions') }}
    where investment_class <> 'PRIVATE' and not is_cash
),

paths as (
    select * from {{ ref('int_position_paths') }}
    where symbol is not null
),

mergers as (
    select * from {{ ref('int_mergers') }}
),

held as (
    select
        paths.symbol,
        greatest(holdings.first_session, paths.from_session) as first_session
    from holdings
    inner join paths on holdings.position_id = paths.position_id
),

-- a symbol that was merged, and is not the name of another company since, needs no prices any more
merged as (
    select
        symbols.symbol,
        max(mergers.ex_session) as ex_session
    from symbols
    inner join mergers on symbols.symbol = mergers.symbol
    group by symbols.symbol, symbols.last_price_date
    having coalesce(max(mergers.ex_session) >= symbols.last_price_date, true)
),

first_days as (
    select
        symbols.symbol,
        symbols.first_price_date,
        least(symbols.first_price_date, min(held.first_session)) as first_day,
        coalesce(min(merged.ex_session), 'infinity') as before_day
    from symbols
    left join held on symbols.symbol = held.symbol
    left join merged on symbols.symbol = merged.symbol
    where symbols.first_price_date is not null or held.symbol is not null
    group by symbols.symbol, symbols.first_price_date
),

first_needed as (
    select min(session_number) - {{ var('data_quality_sessions') }} as session_number
    from sessions
    where as_of_date >= {{ first_date() }}
),

needed as (
    select sessions.as_of_date
    from sessions
    inner join first_needed on sessions.session_number > first_needed.session_number
),

prices as (
    {{ market_rows(ref('fct_prices'), since='(select min(needed.as_of_date) from needed)') }}
),

grid as (
    select
        first_days.symbol,
        first_days.first_price_date,
        sessions.as_of_date,
        sessions.session_number,
        prices.as_of_date as price_date,
        prices.is_suspect,
        prices.source
    from first_days
    inner join sessions
        on first_days.first_day <= sessions.as_of_date and first_days.before_day > sessions.as_of_date
    inner join first_needed on sessions.session_number > first_needed.session_number
    left join prices on first_days.symbol = prices.symbol and sessions.as_of_date = prices.as_of_date
),

windowed as (
    select
        symbol,
        first_price_date,
        as_of_date,
        session_number,
        max(price_date) over (partition by symbol order by session_number) as last_price_date,
        count(*) over recent as sessions_expected,
        count(price_date) over recent as sessions_priced,
        count(*) filter (where is_suspect) over recent as suspect_moves,
        min(source) over recent as first_source,
        max(source) over recent as last_source
    from grid
    window recent as (
        partition by symbol order by session_number
        range between {{ var('data_quality_sessions') - 1 }} preceding and current row
    )
),

final as (
    select * from windowed
    where as_of_date between {{ first_date() }} and {{ to_date() }}
)

select * from final
