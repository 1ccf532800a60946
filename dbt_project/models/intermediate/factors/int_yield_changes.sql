-- Daily changes of the 10-year yield between consecutive sessions that both have a yield: a bond holiday leaves a gap
-- that is not bridged.
with rate_factors as (
    select * from {{ ref('factors') }}
    where model = 'risk' and factor = 'Interest Rate'
),

treasury_rates as (
    select * from {{ ref('stg_raw__treasury_rates') }}
),

rates as (
    select treasury_rates.*
    from treasury_rates
    inner join rate_factors on treasury_rates.series = rate_factors.proxy_symbol
),

sessions as (
    select
        as_of_date,
        session_number,
        previous_trading_day
    from {{ ref('int_session_windows') }}
    union distinct
    select
        as_of_date,
        session_number,
        previous_trading_day
    from {{ ref('int_stressed_sessions') }}
),

final as (
    select
        sessions.as_of_date,
        sessions.session_number,
        today.rate - yesterday.rate as yield_change
    from sessions
    inner join rates as today on sessions.as_of_date = today.rate_date
    inner join rates as yesterday on sessions.previous_trading_day = yesterday.rate_date
)

select * from final
