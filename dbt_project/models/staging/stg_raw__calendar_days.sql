with newest as (
    {{ newest_known(source('raw', 'calendar_days'), ['calendar_date']) }}
),

final as (
    select
        calendar_date,
        is_session,
        is_half_day
    from newest
)

select * from final
