with source as (
    select * from {{ source('ops', 'quarantines') }}
),

final as (
    select
        portfolio_id,
        publication_id,
        published_at,
        superseded_at,
        portfolio_name,
        withheld_since,
        last_date,
        from_date,
        tests,
        reason
    from source
)

select * from final
