with source as (
    select * from {{ source('raw', 'position_tags') }}
),

newest as (
    {{ newest_known(source('raw', 'position_tags'), ['portfolio_id', 'symbol', 'tag', 'effective_date']) }}
),

first_loads as (
    select
        portfolio_id,
        tag,
        min(loaded_at) as created_at
    from source
    group by portfolio_id, tag
),

final as (
    select
        newest.portfolio_id,
        newest.symbol,
        newest.tag,
        newest.effective_date,
        newest.is_assigned,
        first_loads.created_at,
        newest.loaded_at as updated_at
    from newest
    inner join first_loads on newest.portfolio_id = first_loads.portfolio_id and newest.tag = first_loads.tag
)

select * from final
