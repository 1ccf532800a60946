-- A list of trades at other prices than the P&L's would contradict it: a portfolio's cash must be that of the session
-- before plus the amounts of the day's trades, dividends and capital flow, and the gains that trades realize must be
-- those of the positions.
with snapshots as materialized (
    {{ tested_rows(ref('fct_portfolio_snapshots'), before=true) }}
),

portfolios as (
    select * from {{ ref('stg_raw__portfolios') }}
),

sessions as (
    select * from {{ ref('int_calendar') }}
    where is_trading_day
),

position_totals as (
    select
        portfolio_id,
        as_of_date,
        sum(dividends) as dividends,
        sum(realized_pnl) as realized_pnl
    from ({{ tested_rows(ref('int_position_values')) }}) as tested
    group by portfolio_id, as_of_date
),

trades as (
    select
        portfolio_id,
        as_of_date,
        sum(amount) as amount,
        sum(realized_pnl) as realized_pnl
    from ({{ tested_rows(ref('fct_trades')) }}) as tested
    group by portfolio_id, as_of_date
),

today as (
    select
        tested.*,
        sessions.previous_trading_day
    from ({{ tested_rows(ref('fct_portfolio_snapshots')) }}) as tested
    inner join sessions on tested.as_of_date = sessions.as_of_date
)

select
    coalesce(today.portfolio_id, trades.portfolio_id) as portfolio_id,
    coalesce(today.as_of_date, trades.as_of_date) as as_of_date
from today
full outer join trades on today.portfolio_id = trades.portfolio_id and today.as_of_date = trades.as_of_date
left join position_totals
    on today.portfolio_id = position_totals.portfolio_id and today.as_of_date = position_totals.as_of_date
left join portfolios on today.portfolio_id = portfolios.portfolio_id
left join snapshots as yesterday
    on today.portfolio_id = yesterday.portfolio_id and today.previous_trading_day = yesterday.as_of_date
where
    today.portfolio_id is null
    or today.cash is distinct from
    coalesce(yesterday.cash, round(portfolios.initial_equity, 2))
    + today.capital_flow
    + coalesce(position_totals.dividends, 0)
    + coalesce(trades.amount, 0)
    or coalesce(trades.realized_pnl, 0) <> coalesce(position_totals.realized_pnl, 0)
