-- The P&L of each option held in the year to date, explained by the Greeks, the largest first.
-- with option_pnl
with option_pnl_range as (
    select
        period,
        from_date,
        as_of_date as to_date
    from fct_returns_by_period
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and period = 'YTD'
)

select
    option_pnl.symbol,
    dim_positions.position_type,
    option_pnl.sessions,
    option_pnl.pnl,
    option_pnl.trade_pnl,
    option_pnl.delta_pnl,
    option_pnl.gamma_pnl,
    option_pnl.theta_pnl,
    option_pnl.vega_pnl,
    option_pnl.rho_pnl,
    option_pnl.residual,
    option_pnl.unexplained_pnl,
    option_pnl.null_reason
from option_pnl
inner join dim_positions
    on option_pnl.position_id = dim_positions.position_id and dim_positions.portfolio_id = %(portfolio_id)s::uuid
order by abs(option_pnl.pnl) desc, option_pnl.symbol, option_pnl.position_id
