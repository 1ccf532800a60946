with newest as (
    {{ newest_known(source('raw', 'prices'), ['symbol', 'price_date']) }}
),

final as (
    select
        symbol,
        price_date,
        source,
        open,
        high,
        low,
        close,
        volume,
        total_return,
        previous_date,
        previous_close
    from newest
    -- simulated prices are ignored once real ones are loaded
    where source <> 'simulated' or not (select ops.has_real_prices({{ known_at() }}))
)

select * from final
