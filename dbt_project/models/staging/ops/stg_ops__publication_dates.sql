with source as (
    select * from {{ source('ops', 'publication_dates') }}
),

final as (
    select
        as_of_date,
        publication_id,
        published_at,
        superseded_at
    from source
)

select * from final
