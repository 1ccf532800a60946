-- The symbols that the user may read. The views filter by them as well, but after they have found the rows: without
-- this the time of an answer would tell whether somebody else holds a symbol.
with readable_symbols as materialized (
    select distinct readable.symbol
    from access.readable_symbols() as readable (symbol)
)

select *
from readable_symbols
