-- The P&L of the options by period, explained by the Greeks of each close before.
-- with option_pnl
select
    portfolio_name,
    as_of_date,
    period,
    from_date,
    sum(pnl) as pnl,
    sum(trade_pnl) as trade_pnl,
    sum(delta_pnl) as delta_pnl,
    sum(gamma_pnl) as gamma_pnl,
    sum(theta_pnl) as theta_pnl,
    sum(vega_pnl) as vega_pnl,
    sum(rho_pnl) as rho_pnl,
    sum(residual) as residual,
    sum(unexplained_pnl) as unexplained_pnl,
    min(null_reason) as null_reason
from option_pnl
group by portfolio_name, as_of_date, period, from_date
order by portfolio_name, from_date desc, period
