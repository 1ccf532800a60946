-- The portfolio's exposure to the market, from regressions over 90 sessions.
with factor_rows as (
    select *
    from fct_portfolio_factor_exposures
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and model = 'market'
        and factor = 'Market'
)

select *
from factor_rows
