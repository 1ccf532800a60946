select * from {{ ref('stg_ops__publications') }}
