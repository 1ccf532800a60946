-- Every option position has a row on every session of its life. Where it is explained, the terms and the residual add
-- up to the day's P&L, to the cent; nothing is traded but on the first and the last day.
with explained as (
    select * from ({{ tested_rows(ref('fct_option_pnl_explain')) }}) as tested
),

position_values as (
    select * from ({{ tested_rows(ref('int_position_values')) }}) as tested
    where investment_class = 'OPTIONS'
),

positions as (
    select * from {{ ref('int_positions') }}
)

select
    coalesce(position_values.portfolio_id, explained.portfolio_id) as portfolio_id,
    coalesce(position_values.position_id, explained.position_id) as position_id,
    coalesce(position_values.as_of_date, explained.as_of_date) as as_of_date,
    position_values.daily_pnl,
    explained.trade_pnl,
    explained.residual,
    explained.null_reason
from position_values
full outer join explained
    on position_values.position_id = explained.position_id and position_values.as_of_date = explained.as_of_date
left join positions on position_values.position_id = positions.position_id
where
    explained.position_id is null
    or position_values.position_id is null
    or explained.daily_pnl <> position_values.daily_pnl
    or explained.trade_pnl
    + explained.delta_pnl
    + explained.gamma_pnl
    + explained.theta_pnl
    + explained.vega_pnl
    + explained.rho_pnl
    + explained.residual <> position_values.daily_pnl
    or (explained.trade_pnl <> 0 and explained.as_of_date not in (positions.first_session, positions.last_session))
