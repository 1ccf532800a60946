-- Returns of the symbols held on the dates being built, and of the factor proxies, on the sessions of the
-- stressed window; of the proxies also on those with which they are fitted.
with sessions as (
    select * from {{ ref('int_stressed_sessions') }}
),

prices as not materialized (
    {{ market_rows(ref('fct_prices'), since='(select min(sessions.as_of_date) from sessions)') }}
),

factor_returns as (
    select * from {{ ref('int_factor_returns') }}
),

needed as (
    select symbol from {{ ref('int_engine_holdings') }}
    union distinct
    select symbol from factor_returns
),

final as (
    select
        prices.symbol,
        sessions.as_of_date,
        sessions.session_number,
        prices.daily_return
    from sessions
    inner join prices on sessions.as_of_date = prices.as_of_date
    inner join needed on prices.symbol = needed.symbol
    where prices.daily_return is not null
    union distinct
    select
        factor_returns.symbol,
        factor_returns.as_of_date,
        factor_returns.session_number,
        factor_returns.daily_return
    from factor_returns
    where exists (select from sessions)
)

select * from final
