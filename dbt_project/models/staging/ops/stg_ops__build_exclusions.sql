with source as (
    select * from {{ source('ops', 'build_exclusions') }}
),

final as (
    select
        publication_id,
        portfolio_id
    from source
)

select * from final
