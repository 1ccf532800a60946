{{ config(materialized='mart', versioned=true, grain=['symbol', 'profile_date']) }}

-- Profiles with all details of their sources, each valid until the next one of its symbol.
with profiles as (
    select * from {{ ref('stg_raw__company_profiles') }}
),

final as (
    select
        symbol,
        profile_date,
        lead(profile_date) over by_date as valid_before,
        source,
        name,
        security_type,
        sector,
        industry,
        exchange,
        country,
        currency,
        {{ profile_detail('description', 'text', 'string') }} as description,
        {{ profile_detail('website', 'text', 'string') }} as website,
        {{ profile_detail('employees', 'bigint') }} as employees,
        market_cap,
        dividend_yield,
        {{ profile_detail('pe_ratio') }} as pe_ratio,
        {{ profile_detail('forward_pe') }} as forward_pe,
        {{ profile_detail('beta') }} as provider_beta,
        {{ rounded_price(profile_detail('week_52_high', 'numeric')) }} as week_52_high,
        {{ rounded_price(profile_detail('week_52_low', 'numeric')) }} as week_52_low,
        {{ rounded_price(profile_detail('target_mean_price', 'numeric')) }} as target_mean_price,
        {{ rounded_price(profile_detail('target_high_price', 'numeric')) }} as target_high_price,
        {{ rounded_price(profile_detail('target_low_price', 'numeric')) }} as target_low_price,
        {{ profile_detail('number_of_analyst_opinions', 'integer') }} as number_of_analyst_opinions,
        {{ profile_detail('recommendation_mean') }} as recommendation_mean,
        {{ profile_detail('recommendation_key', 'text', 'string') }} as recommendation_key,
        {{ profile_detail('forward_eps') }} as forward_eps,
        {{ profile_detail('current_year_earnings_avg') }} as current_year_earnings_avg,
        {{ profile_detail('next_year_earnings_avg') }} as next_year_earnings_avg,
        {{ profile_detail('current_year_revenue_avg', 'numeric(38, 2)') }} as current_year_revenue_avg,
        {{ profile_detail('next_year_revenue_avg', 'numeric(38, 2)') }} as next_year_revenue_avg,
        {{ profile_detail('earnings_growth') }} as earnings_growth,
        {{ profile_detail('revenue_growth') }} as revenue_growth,
        {{ profile_detail('profit_margins') }} as profit_margins,
        {{ profile_detail('operating_margins') }} as operating_margins,
        {{ profile_detail('gross_margins') }} as gross_margins,
        {{ profile_detail('return_on_assets') }} as return_on_assets,
        {{ profile_detail('return_on_equity') }} as return_on_equity,
        {{ profile_detail('total_revenue', 'numeric(38, 2)') }} as total_revenue,
        {{ profile_detail('next_earnings_date', 'date', 'string') }} as next_earnings_date,
        coalesce({{ profile_detail('is_etf', 'boolean', 'boolean') }}, security_type = 'ETF') as is_etf,
        coalesce(
            {{ profile_detail('is_fund', 'boolean', 'boolean') }}, security_type in ('ETF', 'MUTUAL_FUND')
        ) as is_fund,
        row_number() over by_date = 1 as is_first,
        loaded_at as updated_at
    from profiles
    window by_date as (partition by symbol order by profile_date)
)

select * from final
