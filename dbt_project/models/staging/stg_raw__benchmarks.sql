with names as (
    {{ symbol_names() }}
),

newest as (
    {{ newest_known(source('raw', 'benchmarks'), ['portfolio_id', 'effective_date']) }}
),

final as (
    select
        newest.portfolio_id,
        newest.effective_date,
        {{ current_symbol('newest.symbol', 'newest.effective_date') }} as symbol
    from newest
)

select * from final
