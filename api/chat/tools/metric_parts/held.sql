-- The symbols that portfolios hold on the session, options by their underlying.
with held as (
    select distinct
        facts.portfolio_id,
        facts.as_of_date,
        coalesce(positions.underlying_symbol, facts.symbol) as symbol
    from fct_position_values as facts
    inner join dim_positions as positions on facts.position_id = positions.position_id
    where
        facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
        and facts.as_of_date = %(as_of_date)s::date
        and facts.is_open
)

select *
from held
