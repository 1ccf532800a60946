-- The portfolio's row of fct_portfolio_correlation, which determines the quality of the response.
with correlation as (
    select *
    from fct_portfolio_correlation
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

quality as (
    select * from correlation
)

select *
from quality
