with newest as (
    {{ newest_known(source('raw', 'company_profiles'), ['symbol', 'profile_date']) }}
),

final as (
    select
        symbol,
        profile_date,
        source,
        name,
        security_type,
        sector,
        industry,
        exchange,
        country,
        currency,
        market_cap,
        dividend_yield,
        details,
        loaded_at
    from newest
)

select * from final
