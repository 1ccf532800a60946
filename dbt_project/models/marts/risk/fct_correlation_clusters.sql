{{ config(materialized='mart', grain=['portfolio_id', 'as_of_date', 'symbol']) }}

with members as (
    select * from {{ ref('int_portfolio_correlations') }}
    where part = 'member' and cluster_id is not null
),

final as (
    select
        portfolio_id,
        as_of_date,
        cluster_id,
        symbol,
        average_correlation,
        gross_share
    from members
)

select * from final
