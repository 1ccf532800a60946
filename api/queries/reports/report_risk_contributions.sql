-- What each open position contributes to the volatility (risk model), the largest first, those without figures last.
select
    position_id,
    symbol,
    exposure_weight,
    standalone, -- noqa: RF04
    component,
    share, -- noqa: RF04
    null_reason,
    coverage
from fct_risk_contributions
where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date and measure = 'volatility'
order by abs(component) desc nulls last, symbol, position_id
