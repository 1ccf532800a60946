-- The portfolio's row of fct_portfolio_liquidity, which determines the quality of the response.
with liquidity as (
    select *
    from fct_portfolio_liquidity
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
),

quality as (
    select * from liquidity
)

select *
from quality
