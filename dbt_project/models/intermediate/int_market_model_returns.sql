-- The returns that the market model reads: every priced symbol, from one window before the first date built.
with prices as (
    select * from {{ ref('int_prices') }}
),

sessions as (
    select * from {{ ref('int_calendar') }}
    where is_trading_day and as_of_date <= {{ to_date() }}
),

factors as (
    select * from {{ ref('factors') }}
    where model = 'market'
),

first_needed as (
    select min(sessions.session_number) - max(factors.window_days) + 1 as session_number
    from sessions
    cross join factors
    where sessions.as_of_date >= {{ from_date() }}
),

final as (
    select
        prices.symbol,
        sessions.as_of_date,
        sessions.session_number,
        prices.daily_return
    from prices
    inner join sessions on prices.as_of_date = sessions.as_of_date
    inner join first_needed on sessions.session_number >= first_needed.session_number
    where prices.daily_return is not null
)

select * from final
