-- The user's first published portfolio (null when there is none) and how many there are. One row.
select
    (array_agg(portfolio_id order by created_at, portfolio_name))[1] as portfolio_id,
    count(*) as portfolio_count
from dim_portfolios
