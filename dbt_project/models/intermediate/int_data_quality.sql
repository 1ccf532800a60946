{{ config(
    materialized='fact',
    indexes=[{'columns': ['symbol', 'as_of_date'], 'unique': true}, {'columns': ['as_of_date']}],
) }}

-- How far each priced symbol's history can be relied on, as of each session.
with prices as not materialized (
    select * from {{ ref('int_prices') }}
),

sessions as (
    select * from {{ ref('int_calendar') }}
    where is_trading_day
),

symbols as (
    select * from {{ ref('int_symbols') }}
),

positions as (
    select * from {{ ref('int_positions') }}
),

holdings as (
    select
        pricing_symbol as symbol,
        portfolio_id,
        first_session,
        coalesce(last_session, date 'infinity') as last_session
    from positions
    where investment_class <> 'PRIVATE' and investment_subtype is distinct from 'CASH'
),

-- A symbol is looked at from its first price or first holding on, whichever came first.
first_days as (
    select
        symbols.symbol,
        symbols.first_price_date,
        least(symbols.first_price_date, min(holdings.first_session)) as first_day
    from symbols
    left join holdings on symbols.symbol = holdings.symbol
    where symbols.first_price_date is not null or holdings.symbol is not null
    group by symbols.symbol, symbols.first_price_date
),

usage as (
    select
        holdings.symbol,
        sessions.as_of_date,
        count(distinct holdings.portfolio_id) as used_by_portfolios
    from holdings
    inner join sessions
        on
            sessions.as_of_date between {{ from_date() }} and {{ to_date() }}
            and holdings.first_session <= sessions.as_of_date
            and holdings.last_session > sessions.as_of_date
    group by holdings.symbol, sessions.as_of_date
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
        on
            first_days.first_day <= sessions.as_of_date
            and sessions.as_of_date <= {{ to_date() }}
            and sessions.session_number > (
                select min(building.session_number) - {{ var('data_quality_sessions') }}
                from sessions as building
                where building.as_of_date >= {{ from_date() }}
            )
    left join prices on first_days.symbol = prices.symbol and sessions.as_of_date = prices.as_of_date
),

windowed as (
    select
        symbol,
        first_price_date,
        as_of_date,
        session_number,
        max(price_date) over (partition by symbol order by session_number) as last_price_date_in_window,
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

in_window as (
    select
        windowed.*,
        coalesce(
            windowed.last_price_date_in_window,
            (
                select max(prices.as_of_date) from prices
                where prices.symbol = windowed.symbol and prices.as_of_date < windowed.as_of_date
            )
        ) as last_price_date
    from windowed
    where windowed.as_of_date between {{ from_date() }} and {{ to_date() }}
),

final as (
    select
        in_window.symbol,
        in_window.as_of_date,
        case when in_window.first_price_date <= in_window.as_of_date then in_window.first_price_date end
            as first_price_date,
        in_window.last_price_date,
        cast(in_window.sessions_expected - in_window.sessions_priced as integer) as sessions_missing_252,
        cast(in_window.session_number - last_sessions.session_number as integer) as days_stale,
        cast(in_window.suspect_moves as integer) as suspect_moves_252,
        case
            when in_window.first_source = in_window.last_source then in_window.first_source
            else in_window.first_source || ', ' || in_window.last_source
        end as providers,
        cast(coalesce(usage.used_by_portfolios, 0) as integer) as used_by_portfolios,
        case
            when in_window.last_price_date is null then 'no_prices'
            when in_window.session_number - last_sessions.session_number > {{ var('stale_price_sessions') }}
                then 'missing_price'
            when in_window.session_number > last_sessions.session_number then 'stale_price'
            when in_window.suspect_moves > 0 then 'suspect_price'
            when in_window.sessions_expected > in_window.sessions_priced then 'gaps'
            when in_window.sessions_expected < {{ var('data_quality_sessions') }} then 'limited_history'
            else 'full_history'
        end as flag
    from in_window
    left join sessions as last_sessions on in_window.last_price_date = last_sessions.as_of_date
    left join usage
        on in_window.symbol = usage.symbol and in_window.as_of_date = usage.as_of_date
)

select * from final
