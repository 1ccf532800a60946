{{ config(
    materialized='mart',
    grain=['portfolio_id', 'as_of_date', 'symbol'],
    visible_when='rows.cluster_id is not null',
) }}

-- The symbols of each portfolio's correlation matrix with their clusters. Symbols without a cluster are stored as well:
-- fct_correlation_pairs is built from them.
with members as (
    select * from {{ ref('int_portfolio_correlations') }}
    where part = 'member'
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
