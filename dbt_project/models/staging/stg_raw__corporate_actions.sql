with newest as (
    {{ newest_known(source('raw', 'corporate_actions'), ['symbol', 'ex_date', 'action']) }}
),

final as (
    select
        symbol,
        ex_date,
        action,
        value,
        source
    from newest
    where
        value is not null
        -- simulated dividends are ignored once real prices are loaded
        and (source <> 'simulated' or not (select ops.has_real_prices({{ known_at() }})))
)

select * from final
