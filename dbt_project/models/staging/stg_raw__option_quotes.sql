with names as (
    {{ symbol_names() }}
),

newest as not materialized (
    {{ newest_known(source('raw', 'option_quotes'), ['symbol', 'quote_date']) }}
),

listed as not materialized (
    select * from newest
    where underlying_symbol <> all(array(select names.symbol from names))
),

renamed as not materialized (
    select
        newest.*,
        {{ current_symbol('newest.underlying_symbol', 'newest.quote_date') }} as current_underlying
    from newest
    where
        exists (select from names)
        and newest.underlying_symbol = any(array(select names.symbol from names))
),

named as not materialized (
    select
        symbol,
        quote_date,
        source,
        volume,
        bid,
        ask,
        last
    from listed
    union all
    select
        {{ current_contract('symbol', 'underlying_symbol', 'current_underlying') }} as symbol,
        quote_date,
        source,
        volume,
        bid,
        ask,
        last
    from renamed
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
    from named
)

select * from final
