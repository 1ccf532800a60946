-- Every row of every statement, also of those that later loads replace, with its statement's date.
with final as (
    select
        portfolio_id,
        statement_date
    from {{ source('raw', 'positions') }}
    where loaded_at <= {{ known_at() }}
)

select * from final
