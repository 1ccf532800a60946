-- Mergers of symbols: what a share held before the ex-date becomes. ratio, new_symbol: shares, null in a merger for
-- cash alone. cash: USD. cost_share: the share of the cost that the cash takes, null if it is not stated.
with actions as (
    select * from {{ ref('stg_raw__corporate_actions') }}
    where action in ('cash_merger', 'stock_merger', 'cash_and_stock_merger')
),

calendar as (
    select * from {{ ref('int_calendar') }}
),

final as (
    -- of two kinds stated for a day, the one with shares
    select distinct on (actions.symbol, calendar.session_on_or_after)
        actions.symbol,
        calendar.session_on_or_after as ex_session,
        actions.ex_date,
        actions.new_symbol,
        case when actions.action <> 'cash_merger' then actions.value end as ratio,
        case when actions.action = 'cash_merger' then actions.value else coalesce(actions.cash, 0) end as cash,
        actions.cost_share
    from actions
    inner join calendar on actions.ex_date = calendar.as_of_date
    order by actions.symbol asc, calendar.session_on_or_after asc, actions.action desc
)

select * from final
