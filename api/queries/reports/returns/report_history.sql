-- Equity, time-weighted index, drawdown and day's return of every session up to the close.
select
    as_of_date,
    equity,
    twr_index,
    drawdown,
    daily_return,
    daily_return_null_reason,
    twr_null_reason
from fct_portfolio_snapshots
where portfolio_id = %(portfolio_id)s::uuid and as_of_date <= %(as_of_date)s::date
order by as_of_date
