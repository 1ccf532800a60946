-- Backtests of the one-day value at risk, by method, confidence and basis of the P&L.
select
    method,
    pnl_basis,
    confidence,
    observations,
    breaches,
    expected_breaches,
    kupiec_p_value,
    christoffersen_p_value,
    traffic_light
from fct_var_backtest
where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
order by method desc, pnl_basis desc, confidence
