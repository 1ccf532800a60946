-- The share that private positions have of the portfolio's gross exposure: one row.
with private_share as (
    select coalesce(sum(share_of_gross), 0) as of_gross
    from fct_exposures_by_group
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and dimension = 'investment_class'
        and bucket = 'PRIVATE'
)

select *
from private_share
