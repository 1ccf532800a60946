-- Daily changes of the 10-year yield, between sessions that both have one: a bond holiday breaks the series
-- and is not bridged.
with rates as (
    select rates.*
    from {{ ref('stg_raw__treasury_rates') }} as rates
    inner join {{ ref('factors') }} as factors
        on rates.series = factors.proxy_symbol and factors.model = 'risk' and factors.factor = 'Interest Rate'
),

sessions as (
    select * from {{ ref('int_session_windows') }}
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
