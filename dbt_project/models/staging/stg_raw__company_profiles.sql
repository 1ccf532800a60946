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
    -- simulated figures are ignored once real prices are loaded
    where source <> 'simulated' or not (select ops.has_real_prices({{ known_at() }}))
)

select * from final
