{{ config(materialized='mart', derived=true, grain=['publication_id'], instant_column='published_at') }}

with publications as (
    select * from {{ ref('stg_ops__publications') }}
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
    from publications
)

select * from final
