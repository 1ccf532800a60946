-- The returns that the engines read: every priced symbol, from the longest window before the first date built.
with prices as (
    select * from {{ ref('int_prices') }}
),

sessions as (
    select * from {{ ref('int_session_windows') }}
),

final as (
    select
        prices.symbol,
        sessions.as_of_date,
        sessions.session_number,
        prices.daily_return
    from prices
    inner join sessions on prices.as_of_date = sessions.as_of_date
    where prices.daily_return is not null
)

select * from final
