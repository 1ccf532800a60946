{{ config(materialized='mart', versioned=true, grain=['flow_id']) }}

-- Contributions and withdrawals of portfolios that are not removed; an amount of 0 cancels a flow.
with flows as (
    select * from {{ ref('stg_raw__capital_flows') }}
),

portfolios as (
    select * from {{ ref('stg_raw__portfolios') }}
    where removed_on is null or removed_on > {{ to_date() }}
),

final as (
    select
        flows.flow_id,
        flows.portfolio_id,
        flows.flow_date,
        cast(flows.amount as numeric(38, 2)) as amount,
        flows.notes,
        flows.created_at,
        flows.updated_at
    from flows
    inner join portfolios on flows.portfolio_id = portfolios.portfolio_id
    where flows.amount <> 0
)

select * from final
