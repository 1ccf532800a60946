with source as (
    select * from {{ source('raw', 'capital_flows') }}
),

newest as (
    {{ newest_known(source('raw', 'capital_flows'), ['flow_id']) }}
),

first_loads as (
    select
        flow_id,
        min(loaded_at) as created_at
    from source
    group by flow_id
),

final as (
    select
        newest.flow_id,
        newest.portfolio_id,
        newest.flow_date,
        newest.amount,
        newest.notes,
        first_loads.created_at,
        newest.loaded_at as updated_at
    from newest
    inner join first_loads on newest.flow_id = first_loads.flow_id
)

select * from final
