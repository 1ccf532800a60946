-- Cash dividends by ex-session, in USD per share held before that session.
with actions as (
    select * from {{ ref('stg_raw__corporate_actions') }}
),

calendar as (
    select * from {{ ref('int_calendar') }}
),

final as (
    select
        actions.symbol,
        calendar.session_on_or_after as ex_session,
        min(actions.ex_date) as ex_date,
        sum(actions.value) as dividend
    from actions
    inner join calendar on actions.ex_date = calendar.as_of_date
    where actions.action = 'dividend'
    group by actions.symbol, calendar.session_on_or_after
)

select * from final
