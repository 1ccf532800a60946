with names as (
    {{ symbol_names() }}
),

newest as not materialized (
    {{ newest_known(source('raw', 'prices'), ['symbol', 'price_date']) }}
),

used as not materialized (
    select * from newest
    -- simulated prices are ignored once real ones are loaded
    where source <> 'simulated' or not (select ops.has_real_prices({{ known_at() }}))
),

final as (
    {{ under_current_symbols('used', 'price_date', [
        'price_date', 'source', 'open', 'high', 'low', 'close', 'volume', 'total_return', 'previous_date',
        'previous_close',
    ]) }}
)

select * from final
