{{ config(materialized='build_table', indexes=[{'columns': ['window_start'], 'unique': true}]) }}

-- The fixed bad window of stressed value at risk, and whether the market's returns cover it, its last session included.
with calendar as (
    select * from {{ ref('int_calendar') }}
    where
        is_trading_day
        and as_of_date between date '{{ var("stressed_window_start") }}' and date '{{ var("stressed_window_end") }}'
),

market as (
    select proxy_symbol as symbol from {{ ref('factors') }}
    where model = 'risk' and factor = 'Market'
),

prices as not materialized (
    {{ market_rows(ref('fct_prices'), since="date '" ~ var('stressed_window_start') ~ "'") }}
),

returns as (
    select prices.as_of_date
    from prices
    inner join market on prices.symbol = market.symbol
    where prices.daily_return is not null
),

final as (
    select
        min(calendar.as_of_date) as window_start,
        max(calendar.as_of_date) as window_end,
        cast(max(calendar.session_number) as integer) as last_session_number,
        cast(count(*) as integer) as session_count,
        coalesce(max(returns.as_of_date) = max(calendar.as_of_date), false)
        and count(returns.as_of_date) >= {{ var('stressed_minimum_share') }} * count(*) as is_covered
    from calendar
    left join returns on calendar.as_of_date = returns.as_of_date
    having count(*) > 0
)

select * from final
