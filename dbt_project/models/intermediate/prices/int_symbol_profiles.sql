-- Sector, market capitalization, dividend yield and provider beta of each symbol over time. A profile is valid from its
-- date on; the sector of the first one also applies to earlier dates (from valid_from on). The others are figures of
-- their day: join them from profile_date on.
with profiles as (
    select * from {{ ref('stg_raw__company_profiles') }}
),

numbered as (
    select
        symbol,
        sector,
        market_cap,
        dividend_yield,
        profile_date,
        {{ profile_detail('beta') }} as provider_beta,
        lead(profile_date) over by_date as valid_before,
        row_number() over by_date as profile_number
    from profiles
    window by_date as (partition by symbol order by profile_date)
),

final as (
    select
        symbol,
        sector,
        market_cap,
        dividend_yield,
        provider_beta,
        profile_date,
        case when profile_number = 1 then date '-infinity' else profile_date end as valid_from,
        coalesce(valid_before, date 'infinity') as valid_before
    from numbered
)

select * from final
