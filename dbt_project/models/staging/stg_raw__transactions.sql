with newest as (
    {{ newest_known(source('raw', 'transactions'), ['transaction_id']) }}
),

final as (
    select
        transaction_id,
        portfolio_id,
        trade_date,
        kind,
        symbol,
        quantity,
        price,
        fees,
        amount,
        acquired_on,
        notes
    from newest
    where not is_withdrawn
)

select * from final
