-- The named portfolio, or the portfolios of the named positions, restricted to this user's.
with scope as (
    select portfolio_id
    from dim_portfolios
    where portfolio_id = %(portfolio_id)s::uuid
    union
    select portfolio_id
    from dim_positions
    where position_id = any(%(position_ids)s::uuid[])
)

select *
from scope
