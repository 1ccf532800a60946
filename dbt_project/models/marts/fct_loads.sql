select * from {{ ref('stg_ops__loads') }}
