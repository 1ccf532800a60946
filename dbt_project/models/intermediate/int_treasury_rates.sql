{{ config(
    materialized='fact',
    scope='all',
    indexes=[{'columns': ['series', 'rate_date'], 'unique': true}],
) }}

-- Treasury yields up to the last date built.
select * from {{ ref('stg_raw__treasury_rates') }}
where rate_date <= {{ to_date() }}
