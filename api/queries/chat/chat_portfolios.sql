-- The user's portfolios, oldest first. One row per portfolio.
select
    portfolio_id::text as portfolio_id,
    portfolio_name
from dim_portfolios
order by created_at, portfolio_name
