with source as (
    select * from {{ source('ops', 'portfolio_dates') }}
),

final as (
    select
        portfolio_id,
        as_of_date,
        publication_id,
        published_at,
        superseded_at
    from source
)

select * from final
