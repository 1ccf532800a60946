with names as (
    {{ symbol_names() }}
),

source as (
    select * from {{ source('raw', 'position_tags') }}
),

named as (
    select
        source.*,
        {{ current_symbol('source.symbol', 'source.effective_date') }} as current_symbol
    from source
),

newest as (
    select distinct on (portfolio_id, current_symbol, tag, effective_date) *
    from named
    where loaded_at <= {{ known_at() }}
    order by portfolio_id asc, current_symbol asc, tag asc, effective_date asc, load_id desc
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
        newest.current_symbol as symbol,
        newest.tag,
        newest.effective_date,
        newest.is_assigned,
        first_loads.created_at,
        newest.loaded_at as updated_at
    from newest
    inner join first_loads on newest.portfolio_id = first_loads.portfolio_id and newest.tag = first_loads.tag
)

select * from final
