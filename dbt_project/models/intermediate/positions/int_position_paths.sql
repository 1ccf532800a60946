{{ config(
    materialized='build_table',
    indexes=[{'columns': ['portfolio_id', 'position_id', 'step'], 'unique': true}],
) }}

-- What each lot is held as, also those that were received in a spin-off: see lot_paths.
{% set lots %}
(
    select
        position_id,
        portfolio_id,
        symbol as pricing_symbol,
        false as is_option,
        quantity,
        spun_off_on as since_date,
        exit_date,
        cast(null as date) as first_stated,
        new_cost as cost
    from {{ ref('int_spun_off_lots') }}
) as received
{% endset %}
select * from {{ ref('int_listed_paths') }}
union all
select * from (
    {{ lot_paths(lots, follows_spin_offs=false) }}
) as spun_off
