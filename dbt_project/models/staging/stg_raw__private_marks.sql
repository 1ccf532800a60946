with newest as (
    {{ newest_known(source('raw', 'private_marks'), ['portfolio_id', 'symbol', 'mark_date']) }}
),

final as (
    select
        portfolio_id,
        symbol,
        mark_date,
        price
    from newest
    where price is not null
)

select * from final
