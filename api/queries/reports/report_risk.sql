-- Volatility, value at risk and the quality of both. No row: nothing of the session.
-- with portfolio_risk
with market_beta as (
    select coverage
    from fct_portfolio_factor_exposures
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date and model = 'market'
)

select
    risk.*,
    market_beta.coverage as market_beta_coverage
from risk
left join market_beta on true
