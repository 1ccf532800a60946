-- The level of implied volatility on the dates being built: the last close of the index, if it is not stale.
with sessions as (
    select * from {{ ref('int_session_windows') }}
),

prices as (
    {{ market_rows(ref('fct_prices'), since='(select min(sessions.as_of_date) from sessions)') }}
),

closes as (
    select
        sessions.session_number,
        prices.close
    from prices
    inner join sessions on prices.as_of_date = sessions.as_of_date
    where prices.symbol = '{{ var("volatility_index") }}'
),

final as (
    select distinct on (sessions.as_of_date)
        sessions.as_of_date,
        cast(closes.close as double precision) as vix
    from sessions
    inner join closes
        on
            sessions.session_number >= closes.session_number
            and sessions.session_number - closes.session_number <= {{ var('stale_price_sessions') }}
    where sessions.as_of_date between {{ first_date() }} and {{ to_date() }}
    order by sessions.as_of_date asc, closes.session_number desc
)

select * from final
