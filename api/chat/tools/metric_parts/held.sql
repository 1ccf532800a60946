-- The symbols that portfolios hold on the session, options by their underlying.
with held as (
    select distinct
        portfolio_id,
        as_of_date,
        coalesce(underlying_symbol, symbol) as symbol
    from fct_position_values
    where
        portfolio_id = any(%(portfolio_ids)s::uuid[])
        and as_of_date = %(as_of_date)s::date
        and is_open
)

select *
from held
