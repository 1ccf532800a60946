with source as (
    select * from {{ source('raw', 'portfolios') }}
),

newest as (
    {{ newest_known(source('raw', 'portfolios'), ['portfolio_id']) }}
),

first_loads as (
    select
        portfolio_id,
        min(loaded_at) as created_at
    from source
    group by portfolio_id
),

final as (
    select
        newest.portfolio_id,
        newest.portfolio_name,
        newest.owner_email,
        newest.owner_full_name,
        newest.description,
        newest.account_type,
        coalesce(newest.account_name, newest.portfolio_name) as account_name,
        newest.base_currency,
        newest.initial_equity,
        newest.inception_date,
        newest.opening_date,
        newest.removed_on,
        first_loads.created_at,
        newest.loaded_at as updated_at
    from newest
    inner join first_loads on newest.portfolio_id = first_loads.portfolio_id
)

select * from final
