with newest as (
    {{ newest_known(source('raw', 'option_quotes'), ['symbol', 'quote_date']) }}
),

final as (
    select
        symbol,
        quote_date,
        source,
        volume,
        case
            when bid > 0 and ask > 0 then (bid + ask) * 0.5
            when last > 0 then last
        end as price,
        case
            when bid > 0 and ask > 0 then 'mid'
            when last > 0 then 'last'
        end as price_basis
    from newest
)

select * from final
