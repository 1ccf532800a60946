with source as (
    select * from {{ source('ops', 'restatement_counts') }}
),

final as (
    select
        publication_id,
        mart,
        column_name,
        portfolio_id,
        from_date,
        to_date,
        change_count,
        listed_count,
        largest_change
    from source
)

select * from final
