-- The Greeks of the portfolio. No row: nothing of the session.
select
    delta,
    gamma,
    theta,
    vega,
    rho,
    delta_dollars,
    gamma_dollars_1pct,
    option_count,
    options_without_greeks,
    null_reason
from fct_portfolio_greeks
where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
