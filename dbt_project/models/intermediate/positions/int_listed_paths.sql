{{ config(
    materialized='build_table',
    indexes=[{'columns': ['portfolio_id', 'position_id', 'step'], 'unique': true}],
) }}

-- What each lot that statements list as bought is held as: see lot_paths.
{% set lots %}
(
    select
        position_id,
        portfolio_id,
        coalesce(underlying_symbol, symbol) as pricing_symbol,
        investment_class = 'OPTIONS' as is_option,
        quantity,
        entry_date as since_date,
        exit_date,
        first_stated,
        cast(
            quantity * (case when investment_class = 'OPTIONS' then 100 else 1 end) * entry_price as numeric(38, 2)
        ) as cost
    from {{ ref('stg_raw__positions') }}
    where investment_class <> 'PRIVATE' and spun_off_on is null
) as listed
{% endset %}
{{ lot_paths(lots, follows_spin_offs=true) }}
