-- The portfolio's open positions at the close of the session, and the symbol that provides their prices and betas.
with open_values as materialized (
    select *
    from fct_position_values
    where
        portfolio_id = %(portfolio_id)s::uuid
        and as_of_date = %(as_of_date)s::date
        and is_open
),

-- Keys are passed to the views as arrays: only then does the planner look them up in the index.
described as materialized (
    select
        open_values.*,
        dim_positions.own_tags,
        dim_positions.is_cash_equivalent,
        coalesce(open_values.underlying_symbol, open_values.symbol) as priced_symbol
    from open_values
    inner join dim_positions
        on
            open_values.position_id = dim_positions.position_id
            and dim_positions.portfolio_id = any(array(select portfolio_id from open_values))
)

select *
from described
