with source as (
    select * from {{ source('ops', 'publications') }}
),

final as (
    select
        publication_id,
        from_date,
        to_date,
        known_at,
        published_at,
        dbt_invocation_id,
        git_revision,
        tests_passed,
        tests_warned,
        cause
    from source
)

select * from final
