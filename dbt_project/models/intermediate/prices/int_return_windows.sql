-- The returns that the engines read: every priced symbol, from the longest window before the dates being built on.
with sessions as (
    select * from {{ ref('int_session_windows') }}
),

prices as (
    {{ market_rows(ref('fct_prices'), since='(select min(sessions.as_of_date) from sessions)') }}
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
