with source as (
    select * from {{ source('ops', 'loads') }}
),

final as (
    select
        load_id,
        source,
        dataset,
        started_at,
        finished_at,
        status,
        origin,
        rows_read,
        rows_new,
        rows_rejected,
        touched_from,
        error
    from source
)

select * from final
