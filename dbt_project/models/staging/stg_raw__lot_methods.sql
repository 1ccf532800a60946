with newest as (
    {{ newest_known(source('raw', 'lot_methods'), ['portfolio_id', 'effective_date']) }}
),

final as (
    select
        portfolio_id,
        effective_date,
        lot_method
    from newest
)

select * from final
