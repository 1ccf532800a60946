-- User-assigned tags of a portfolio's symbols with their periods (valid_before is exclusive).
with tags as (
    select * from {{ ref('stg_raw__position_tags') }}
),

changes as (
    select
        portfolio_id,
        symbol,
        tag,
        is_assigned,
        created_at,
        updated_at,
        effective_date as valid_from,
        coalesce(
            lead(effective_date) over (partition by portfolio_id, symbol, tag order by effective_date),
            date 'infinity'
        ) as valid_before
    from tags
),

final as (
    select
        portfolio_id,
        symbol,
        tag,
        valid_from,
        valid_before,
        created_at,
        updated_at
    from changes
    where is_assigned
)

select * from final
