-- The yield curve of each session as linear segments between tenors, flat before the first and after the last. It is
-- the newest curve of the last days, because the bond market has additional holidays.
with rates as (
    select * from {{ ref('stg_raw__treasury_rates') }}
),

sessions as (
    select * from {{ ref('int_calendar') }}
    where is_trading_day and as_of_date between {{ first_date() }} and {{ to_date() }}
),

curve_dates as (
    select
        sessions.as_of_date,
        max(rates.rate_date) as curve_date
    from sessions
    inner join rates
        on
            sessions.as_of_date >= rates.rate_date
            and rates.rate_date >= sessions.as_of_date - {{ var('stale_curve_days') }}
    group by sessions.as_of_date
),

points as (
    select
        curve_dates.as_of_date,
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
        tenor_years as from_years,
        coalesce(next_tenor, 'infinity') as before_years,
        rate as rate_at_start,
        tenor_years as start_years,
        coalesce((next_rate - rate) / (next_tenor - tenor_years), 0) as slope
    from points
    union all
    select
        as_of_date,
        0 as from_years,
        tenor_years as before_years,
        rate as rate_at_start,
        tenor_years as start_years,
        0 as slope
    from points
    where point_number = 1
)

select * from final
