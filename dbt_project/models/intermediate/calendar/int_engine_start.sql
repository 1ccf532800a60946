-- First dates that the engines build: as_of_date for portfolio facts, market_date for market facts. Neither is before
-- the first portfolio; without any portfolio, only the last session is built.
with portfolios as (
    select * from {{ ref('stg_raw__portfolios') }}
),

positions as (
    select * from {{ ref('int_positions') }}
),

sessions as (
    select * from {{ ref('int_calendar') }}
    where is_trading_day and as_of_date between {{ first_date() }} and {{ to_date() }}
),

first_days as (
    select min(inception_date) as first_day from portfolios
    union all
    select min(first_session) as first_day from positions
),

first_needed as (
    select
        coalesce(
            min(first_days.first_day),
            -- evaluated only if there is no portfolio
            (select max(prices.as_of_date) from {{ ref('fct_prices') }} as prices)
        ) as as_of_date
    from first_days
),

first_session as (
    select min(as_of_date) as as_of_date from sessions
),

final as (
    select
        greatest(first_needed.as_of_date, first_session.as_of_date) as as_of_date,
        greatest(first_needed.as_of_date, {{ from_date() }}) as market_date
    from first_needed
    cross join first_session
)

select * from final
