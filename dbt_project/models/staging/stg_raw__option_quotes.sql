with newest as (
    {{ newest_known(source('raw', 'option_quotes'), ['symbol', 'quote_date']) }}
),

final as (
    select
        symbol,
        quote_date,
        source,
        case
            when bid > 0 and ask > 0 then round((bid + ask) / 2, 6)
            when last > 0 then last
        end as price,
        case
            when bid > 0 and ask > 0 then 'mid'
            when last > 0 then 'last'
        end as price_basis
    from newest
)

select * from final
