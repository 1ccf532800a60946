with names as (
    {{ symbol_names() }}
),

source as (
    select * from {{ source('raw', 'target_prices') }}
),

named as (
    select
        source.*,
        {{ current_symbol('source.symbol', 'source.effective_date') }} as current_symbol
    from source
),

newest as (
    select distinct on (portfolio_id, current_symbol, effective_date) *
    from named
    where loaded_at <= {{ known_at() }}
    order by portfolio_id asc, current_symbol asc, effective_date asc, load_id desc
),

first_loads as (
    select
        portfolio_id,
        current_symbol,
        effective_date,
        min(loaded_at) as target_created_at
    from named
    group by portfolio_id, current_symbol, effective_date
),

final as (
    select
        newest.portfolio_id,
        newest.current_symbol as symbol,
        newest.effective_date,
        newest.target_price_eoy,
        newest.target_price_next_year,
        newest.downside_target_price,
        newest.stated_on,
        first_loads.target_created_at,
        newest.loaded_at as target_updated_at
    from newest
    inner join first_loads
        on
            newest.portfolio_id = first_loads.portfolio_id
            and newest.current_symbol = first_loads.current_symbol
            and newest.effective_date = first_loads.effective_date
)

select * from final
