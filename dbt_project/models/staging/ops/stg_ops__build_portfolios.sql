with source as (
    select * from {{ source('ops', 'build_portfolios') }}
),

final as (
    select
        publication_id,
        portfolio_id,
        from_date
    from source
)

select * from final
