-- Equity that drifts from its P&L by a cent a day is off by dollars in a year: today's equity must be yesterday's (or
-- the initial equity) plus the positions' P&L plus the capital flow, recomputed here from the positions.
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

pnl as (
    select
        portfolio_id,
        as_of_date,
        sum(daily_pnl) as daily_pnl
    from ({{ tested_rows(ref('int_position_values')) }}) as tested
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
    coalesce(today.portfolio_id, pnl.portfolio_id) as portfolio_id,
    coalesce(today.as_of_date, pnl.as_of_date) as as_of_date
from today
full outer join pnl on today.portfolio_id = pnl.portfolio_id and today.as_of_date = pnl.as_of_date
left join portfolios on today.portfolio_id = portfolios.portfolio_id
left join snapshots as yesterday
    on today.portfolio_id = yesterday.portfolio_id and today.previous_trading_day = yesterday.as_of_date
where
    today.portfolio_id is null
    or today.equity is distinct from
    coalesce(yesterday.equity, round(portfolios.initial_equity, 2)) + coalesce(pnl.daily_pnl, 0) + today.capital_flow
