-- The names of all portfolios that the role sees, published or not: the folders of reports are named after them.
select
    portfolio_id,
    portfolio_name
from dim_portfolios
order by portfolio_id
