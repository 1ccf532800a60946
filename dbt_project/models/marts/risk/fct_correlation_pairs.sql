{{ config(materialized='mart', derived=true, grain=['portfolio_id', 'as_of_date', 'symbol_1', 'symbol_2']) }}

-- The pairs of the symbols in each portfolio's matrix. The correlation of a pair is stored once for all holders; a
-- portfolio whose matrix was repaired has its own.
-- The left joins are on whole primary keys: PostgreSQL leaves them out of a query without correlations, such as a
-- count, which then reads one array per portfolio and session. Without CTEs, because a view with CTEs is planned by
-- itself: all pairs would be unpacked before those of the newest publication are chosen.
select
    matrices.publication_id,
    matrices.portfolio_id,
    matrices.as_of_date,
    first_leg.symbol as symbol_1,
    second_leg.symbol as symbol_2,
    coalesce(
        repairs.correlation, first_row.correlations[second_row.place - first_row.place + 1]
    ) as correlation,
    first_row.observations[second_row.place - first_row.place + 1] as observations
from {{ ref('fct_portfolio_correlation') }} as matrices
cross join lateral unnest(matrices.symbols) with ordinality as first_leg (symbol, place)
cross join lateral unnest(matrices.symbols[first_leg.place + 1:]) as second_leg (symbol)
left join {{ ref('int_symbol_correlations') }} as first_row
    on
        matrices.as_of_date = first_row.as_of_date
        and matrices.publication_id = first_row.publication_id
        and first_leg.symbol = first_row.symbol
left join {{ ref('int_symbol_correlations') }} as second_row
    on
        matrices.as_of_date = second_row.as_of_date
        and matrices.publication_id = second_row.publication_id
        and second_leg.symbol = second_row.symbol
left join {{ ref('int_correlation_repairs') }} as repairs
    on
        matrices.portfolio_id = repairs.portfolio_id
        and matrices.as_of_date = repairs.as_of_date
        and matrices.publication_id = repairs.publication_id
        and first_leg.symbol = repairs.symbol_1
        and second_leg.symbol = repairs.symbol_2
