with newest as (
    {{ newest_known(source('raw', 'capital_flows'), ['flow_id']) }}
),

final as (
    select
        flow_id,
        portfolio_id,
        flow_date,
        amount,
        notes
    from newest
)

select * from final
