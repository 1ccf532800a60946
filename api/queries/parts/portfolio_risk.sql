-- The portfolio's row of fct_portfolio_risk, which determines the quality of the response.
with risk as (
    select *
    from fct_portfolio_risk
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

quality as (
    select * from risk
)

select *
from quality
