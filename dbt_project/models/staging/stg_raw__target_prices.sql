with source as (
    select * from {{ source('raw', 'target_prices') }}
),

newest as (
    {{ newest_known(source('raw', 'target_prices'), ['portfolio_id', 'symbol', 'effective_date']) }}
),

first_loads as (
    select
        portfolio_id,
        symbol,
        effective_date,
        min(loaded_at) as target_created_at
    from source
    group by portfolio_id, symbol, effective_date
),

final as (
    select
        newest.portfolio_id,
        newest.symbol,
        newest.effective_date,
        newest.target_price_eoy,
        newest.target_price_next_year,
        newest.downside_target_price,
        newest.stated_on,
        first_loads.target_created_at,
        newest.loaded_at as target_updated_at
    from newest
    inner join first_loads
        on
            newest.portfolio_id = first_loads.portfolio_id
            and newest.symbol = first_loads.symbol
            and newest.effective_date = first_loads.effective_date
)

select * from final
