-- The P&L of each option held, on the day and in the year to date, explained by the Greeks.
-- with option_pnl
select
    portfolio_name,
    as_of_date,
    period,
    from_date,
    symbol,
    underlying_symbol,
    pnl,
    trade_pnl,
    delta_pnl,
    gamma_pnl,
    theta_pnl,
    vega_pnl,
    rho_pnl,
    residual,
    unexplained_pnl,
    null_reason
from option_pnl
where period in ('1D', 'YTD')
order by portfolio_name, from_date desc, period, abs(pnl) desc, symbol, position_id
