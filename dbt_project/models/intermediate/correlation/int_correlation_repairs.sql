{{ config(
    materialized='mart',
    schema='published',
    readers=false,
    grain=['portfolio_id', 'as_of_date', 'symbol_1', 'symbol_2'],
) }}

-- Correlations of portfolios whose matrix had to be repaired, after the repair.
with repairs as (
    select * from {{ ref('int_portfolio_correlations') }}
    where part = 'repair'
),

final as (
    select
        portfolio_id,
        as_of_date,
        symbol as symbol_1,
        symbol_2,
        correlation,
        observations
    from repairs
)

select * from final
