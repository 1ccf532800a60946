with newest as (
    {{ newest_known(source('raw', 'position_tags'), ['portfolio_id', 'symbol', 'tag', 'effective_date']) }}
),

final as (
    select
        portfolio_id,
        symbol,
        tag,
        effective_date,
        is_assigned
    from newest
)

select * from final
