-- Cash dividends by ex-session, in USD per share held before that session. A special dividend counts once: a source
-- that reports it among the dividends of the session gives at least its amount.
with actions as (
    select * from {{ ref('stg_raw__corporate_actions') }}
    where action in ('dividend', 'special_dividend')
),

calendar as (
    select * from {{ ref('int_calendar') }}
),

summed as (
    select
        actions.symbol,
        calendar.session_on_or_after as ex_session,
        min(actions.ex_date) as ex_date,
        coalesce(sum(actions.value) filter (where actions.action = 'dividend'), 0) as reported,
        coalesce(sum(actions.value) filter (where actions.action = 'special_dividend'), 0) as special
    from actions
    inner join calendar on actions.ex_date = calendar.as_of_date
    group by actions.symbol, calendar.session_on_or_after
),

final as (
    select
        symbol,
        ex_session,
        ex_date,
        case when reported >= special then reported else reported + special end as dividend
    from summed
)

select * from final
