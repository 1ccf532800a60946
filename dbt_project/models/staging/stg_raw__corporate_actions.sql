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
    where value is not null
)

select * from final
