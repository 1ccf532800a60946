-- The first published session of a portfolio, null if it has none. One row.
select min(as_of_date)
from fct_portfolio_snapshots
where portfolio_id = %(portfolio_id)s::uuid
