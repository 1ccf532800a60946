-- Contributions less withdrawals of a portfolio by the session on which they count: a flow on a holiday counts on the
-- next session.
with capital_flows as (
    select * from {{ ref('stg_raw__capital_flows') }}
),

calendar as (
    select * from {{ ref('int_calendar') }}
),

final as (
    select
        capital_flows.portfolio_id,
        calendar.session_on_or_after as as_of_date,
        cast(sum(capital_flows.amount) as numeric(38, 2)) as capital_flow
    from capital_flows
    inner join calendar on capital_flows.flow_date = calendar.as_of_date
    group by capital_flows.portfolio_id, calendar.session_on_or_after
)

select * from final
