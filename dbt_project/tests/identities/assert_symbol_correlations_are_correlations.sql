-- Each pair appears once, within [-1, 1], with a unit diagonal; values of repaired matrices are also within [-1, 1].
select
    cast(null as uuid) as portfolio_id,
    as_of_date,
    symbol_1,
    symbol_2,
    correlation
from ({{ tested_rows(ref('int_symbol_pairs'), market=true) }}) as tested
where
    symbol_1 > symbol_2
    or (correlation between -1 and 1) is not true
    or (symbol_1 = symbol_2 and correlation <> 1)
union all
select
    portfolio_id,
    as_of_date,
    symbol_1,
    symbol_2,
    correlation
from ({{ tested_rows(ref('int_correlation_repairs')) }}) as repaired
where symbol_1 >= symbol_2 or (correlation between -1 - 1e-12 and 1 + 1e-12) is not true
