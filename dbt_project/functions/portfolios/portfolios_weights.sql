select
    portfolio_id,
    equity,
    equity / nullif(greatest(sum(equity) over (), 0), 0) as weight
from {{ mart('fct_portfolio_snapshots') }}
where portfolio_id = any(portfolio_ids) and as_of_date = portfolios_weights.as_of_date
