-- The cumulative split ratio of a symbol from each ex-date on; before the first split there is no row.
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
        split_ratio,
        udf.product(split_ratio) over (partition by symbol order by ex_session) as cumulative_ratio,
        lead(ex_session) over (partition by symbol order by ex_session) as next_ex_session
    from splits
)

select * from final
