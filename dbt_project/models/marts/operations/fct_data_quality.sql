{{ config(
    materialized='mart',
    versioned=true,
    by_dates=true,
    grain=['symbol', 'as_of_date'],
    not_restated=['used_by_portfolios'],
    shown_as={'used_by_portfolios': 'case when (select access.sees_every_portfolio()) then rows.used_by_portfolios end'},
) }}

-- Completeness of the price history of each symbol, as of each session. Versioned, because the number of holders
-- changes with a single portfolio and the other columns with the market. used_by_portfolios is not restated: its
-- changes would reveal trades of one user to all others.
with windows as (
    select * from {{ ref('int_symbol_price_windows') }}
),

usage as (
    select * from {{ ref('int_symbol_usage') }}
),

prices as not materialized (
    {{ market_rows(ref('fct_prices'), since="date '-infinity'") }}
),

spin_offs as (
    select * from {{ ref('int_spin_offs') }}
),

sessions as (
    select * from {{ ref('int_calendar') }}
    where is_trading_day
),

-- A symbol that was last priced before the window still has a last price date.
dated as (
    select
        windows.*,
        coalesce(
            windows.last_price_date,
            (
                select max(prices.as_of_date) from prices
                where prices.symbol = windows.symbol and prices.as_of_date < windows.as_of_date
            )
        ) as last_known_date
    from windows
),

aged as (
    select
        dated.*,
        cast(dated.session_number - last_sessions.session_number as integer) as days_stale,
        cast(dated.sessions_expected - dated.sessions_priced as integer) as sessions_missing,
        coalesce(usage.used_by_portfolios, 0) as used_by_portfolios,
        waiting.symbol is not null as awaits_spin_off
    from dated
    left join (
        select distinct
            spin_offs.symbol,
            sessions.as_of_date
        from spin_offs
        inner join sessions
            on
                spin_offs.ex_session <= sessions.as_of_date
                and coalesce(spin_offs.first_session, 'infinity') > sessions.as_of_date
    ) as waiting
        on dated.symbol = waiting.symbol and dated.as_of_date = waiting.as_of_date
    left join sessions as last_sessions on dated.last_known_date = last_sessions.as_of_date
    left join usage on dated.symbol = usage.symbol and dated.as_of_date = usage.as_of_date
),

final as (
    select
        symbol,
        as_of_date,
        case when first_price_date <= as_of_date then first_price_date end as first_price_date,
        last_known_date as last_price_date,
        sessions_missing as sessions_missing_252,
        days_stale,
        cast(suspect_moves as integer) as suspect_moves_252,
        case
            when first_source = last_source then first_source
            else first_source || ', ' || last_source
        end as providers,
        used_by_portfolios,
        case
            when last_known_date is null then 'no_prices'
            when days_stale > {{ var('dead_symbol_sessions') }} then 'dead_symbol'
            when days_stale > {{ var('stale_price_sessions') }} then 'missing_price'
            when days_stale > 0 then 'stale_price'
            when awaits_spin_off then 'spin_off_unpriced'
            when suspect_moves > 0 then 'suspect_price'
            when sessions_missing > 0 then 'gaps'
            when sessions_expected < {{ var('data_quality_sessions') }} then 'limited_history'
            else 'full_history'
        end as flag
    from aged
)

select * from final
