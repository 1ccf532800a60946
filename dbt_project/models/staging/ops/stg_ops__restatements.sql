with source as (
    select * from {{ source('ops', 'restatements') }}
),

final as (
    select
        publication_id,
        as_of_date,
        mart,
        key,
        portfolio_id,
        column_name,
        old_value,
        new_value
    from source
)

select * from final
