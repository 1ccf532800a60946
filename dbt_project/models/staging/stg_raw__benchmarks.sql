with newest as (
    {{ newest_known(source('raw', 'benchmarks'), ['portfolio_id', 'effective_date']) }}
),

final as (
    select
        portfolio_id,
        effective_date,
        symbol
    from newest
)

select * from final
