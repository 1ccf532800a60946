-- The yield curve of each session as linear segments between tenors, flat before the first and after the last. It is
-- the newest curve so far, however old. Sessions before the window are those of past option prices.
with rates as (
    select * from {{ ref('stg_raw__treasury_rates') }}
),

calendar as (
    select * from {{ ref('int_calendar') }}
),

option_lots as (
    select * from {{ ref('int_positions') }}
    where investment_class = 'OPTIONS'
),

-- days without a session too: the bond market's holidays are not those of stocks
days as (
    select
        coalesce(calendar.as_of_date, published.rate_date) as as_of_date,
        calendar.is_trading_day,
        max(published.rate_date) over (
            order by coalesce(calendar.as_of_date, published.rate_date)
        ) as curve_date
    from calendar
    full join (select distinct rate_date from rates) as published on calendar.as_of_date = published.rate_date
),

curve_dates as (
    select
        as_of_date,
        curve_date
    from days
    where
        is_trading_day
        and as_of_date >= least({{ first_date() }}, (select min(option_lots.entry_session) from option_lots))
        and as_of_date <= {{ to_date() }}
),

points as (
    select
        curve_dates.as_of_date,
        curve_dates.curve_date,
        rates.tenor_years,
        rates.rate,
        lead(rates.tenor_years) over by_tenor as next_tenor,
        lead(rates.rate) over by_tenor as next_rate,
        row_number() over by_tenor as point_number
    from curve_dates
    inner join rates on curve_dates.curve_date = rates.rate_date
    window by_tenor as (partition by curve_dates.as_of_date order by rates.tenor_years)
),

final as (
    select
        as_of_date,
        curve_date,
        tenor_years as from_years,
        coalesce(next_tenor, 'infinity') as before_years,
        rate as rate_at_start,
        tenor_years as start_years,
        coalesce((next_rate - rate) / (next_tenor - tenor_years), 0) as slope
    from points
    union all
    select
        as_of_date,
        curve_date,
        0 as from_years,
        tenor_years as before_years,
        rate as rate_at_start,
        tenor_years as start_years,
        0 as slope
    from points
    where point_number = 1
)

select * from final
