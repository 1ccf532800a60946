{{ config(
    materialized='fact',
    scope='all',
    indexes=[{'columns': ['portfolio_id'], 'unique': true}],
) }}

select * from {{ ref('stg_raw__portfolios') }}
