-- The deepest drawdowns since inception.
select
    peak_date,
    trough_date,
    recovery_date,
    depth,
    sessions
from udf.portfolio_drawdowns(%(portfolio_id)s::uuid, null, %(as_of_date)s::date)
order by depth, peak_date
limit %(worst_drawdowns)s
