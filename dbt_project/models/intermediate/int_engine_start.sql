-- The first date that the engines build: none before the first portfolio, whom their numbers are for; without any
-- portfolio just the last session.
with portfolios as (
    select * from {{ ref('int_portfolios') }}
),

positions as (
    select * from {{ ref('int_positions') }}
),

sessions as (
    select * from {{ ref('int_calendar') }}
    where is_trading_day and as_of_date between {{ from_date() }} and {{ to_date() }}
),

prices as (
    select max(as_of_date) as last_session from {{ ref('int_prices') }}
    where as_of_date <= {{ to_date() }}
),

first_days as (
    select min(inception_date) as first_day from portfolios
    union all
    select min(first_session) as first_day from positions
),

first_session as (
    select min(as_of_date) as as_of_date from sessions
),

final as (
    select
        greatest(
            coalesce(min(first_days.first_day), max(prices.last_session)), max(first_session.as_of_date)
        ) as as_of_date
    from first_days
    cross join prices
    cross join first_session
)

select * from final
