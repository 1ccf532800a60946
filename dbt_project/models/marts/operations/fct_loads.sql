{{ config(materialized='mart', derived=true, grain=['load_id'], instant_column='finished_at') }}

-- Names of files and errors of all users' loads: for analysts only.
with loads as (
    select * from {{ ref('stg_ops__loads') }}
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
    from loads
)

select * from final
