-- The cumulative split ratio of a symbol from each ex-date on; before the first split there is no row. Sessions compare
-- with ex_session, stated dates (which may lie between two sessions) with ex_date.
with actions as (
    select * from {{ ref('stg_raw__corporate_actions') }}
),

calendar as (
    select * from {{ ref('int_calendar') }}
),

splits as (
    select
        actions.symbol,
        calendar.session_on_or_after as ex_session,
        min(actions.ex_date) as ex_date,
        udf.product(actions.value) as split_ratio
    from actions
    inner join calendar on actions.ex_date = calendar.as_of_date
    where actions.action = 'split'
    group by actions.symbol, calendar.session_on_or_after
),

final as (
    select
        symbol,
        ex_session,
        ex_date,
        split_ratio,
        udf.product(split_ratio) over (partition by symbol order by ex_session) as cumulative_ratio,
        lead(ex_session) over (partition by symbol order by ex_session) as next_ex_session,
        lead(ex_date) over (partition by symbol order by ex_session) as next_ex_date
    from splits
)

select * from final
