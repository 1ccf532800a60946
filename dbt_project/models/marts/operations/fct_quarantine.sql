{{ config(materialized='mart', derived=true, grain=['portfolio_id'], has_interval=true) }}

-- Publications withhold a portfolio for which tests fail (ops.withhold); its row ends when a build publishes it again.
with quarantines as (
    select * from {{ ref('stg_ops__quarantines') }}
),

final as (
    select
        portfolio_id,
        publication_id,
        published_at,
        superseded_at,
        portfolio_name,
        withheld_since,
        last_date as last_published_date,
        from_date as missing_from,
        tests as failed_tests,
        reason
    from quarantines
)

select * from final
