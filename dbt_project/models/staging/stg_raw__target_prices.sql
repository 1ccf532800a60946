with newest as (
    {{ newest_known(source('raw', 'target_prices'), ['portfolio_id', 'symbol', 'effective_date']) }}
),

final as (
    select
        portfolio_id,
        symbol,
        effective_date,
        target_price_eoy,
        target_price_next_year,
        downside_target_price,
        stated_on,
        loaded_at as target_updated_at
    from newest
)

select * from final
