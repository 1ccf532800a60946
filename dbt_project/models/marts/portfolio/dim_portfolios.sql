{{ config(materialized='mart', versioned=true, grain=['portfolio_id']) }}

-- A portfolio removed on or before the last date built is not current.
with portfolios as (
    select * from {{ ref('stg_raw__portfolios') }}
),

final as (
    select
        portfolio_id,
        portfolio_name,
        owner_email,
        owner_full_name,
        description,
        account_type,
        account_name,
        base_currency,
        initial_equity,
        inception_date,
        opening_date,
        removed_on,
        created_at,
        updated_at
    from portfolios
    where removed_on is null or removed_on > {{ to_date() }}
)

select * from final
