-- The cumulative split ratio of a symbol from each ex-date on; before the first split there is no row. Sessions compare
-- with ex_session, stated dates (which may lie between two sessions) with ex_date. A special dividend of a size for
-- which the Options Clearing Corporation adjusts contracts lowers their strikes: it is a period too, with a ratio of 1.
-- cumulative_cut is in USD per share from before the first period.
with actions as (
    select * from {{ ref('stg_raw__corporate_actions') }}
    where
        action = 'split'
        or (action = 'special_dividend' and value >= {{ var('adjusting_dividend') }})
),

calendar as (
    select * from {{ ref('int_calendar') }}
),

splits as (
    select
        actions.symbol,
        calendar.session_on_or_after as ex_session,
        min(actions.ex_date) as ex_date,
        coalesce(udf.product(actions.value) filter (where actions.action = 'split'), 1) as split_ratio,
        coalesce(sum(actions.value) filter (where actions.action = 'special_dividend'), 0) as strike_cut
    from actions
    inner join calendar on actions.ex_date = calendar.as_of_date
    group by actions.symbol, calendar.session_on_or_after
),

cumulated as (
    select
        *,
        udf.product(split_ratio) over (partition by symbol order by ex_session) as cumulative_ratio
    from splits
),

final as (
    select
        symbol,
        ex_session,
        ex_date,
        split_ratio,
        cumulative_ratio,
        strike_cut,
        -- of shares held before the ex-date
        sum(strike_cut * cumulative_ratio / split_ratio) over (partition by symbol order by ex_session)
            as cumulative_cut,
        lead(ex_session) over (partition by symbol order by ex_session) as next_ex_session,
        lead(ex_date) over (partition by symbol order by ex_session) as next_ex_date
    from cumulated
)

select * from final
