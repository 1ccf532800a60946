-- Sector and dividend yield of each symbol over time: a profile speaks from its date on, the first one also for before.
with profiles as (
    select * from {{ ref('stg_raw__company_profiles') }}
),

numbered as (
    select
        symbol,
        sector,
        dividend_yield,
        profile_date,
        lead(profile_date) over by_date as valid_before,
        row_number() over by_date as profile_number
    from profiles
    window by_date as (partition by symbol order by profile_date)
),

final as (
    select
        symbol,
        sector,
        dividend_yield,
        case when profile_number = 1 then date '-infinity' else profile_date end as valid_from,
        coalesce(valid_before, date 'infinity') as valid_before
    from numbered
)

select * from final
