-- Lots sold, covered or expired in the last year up to the close, under the method in force, the newest first.
select
    symbol,
    kind,
    lot_method,
    acquired_on,
    disposed_on,
    quantity,
    proceeds,
    basis,
    gain,
    term,
    term_null_reason,
    wash_disallowed,
    disposal_id,
    lot_id,
    part
from fct_realized_gains
where
    portfolio_id = %(portfolio_id)s::uuid
    and method = 'portfolio'
    and disposed_on > (%(as_of_date)s::date - interval '1 year')::date
    and disposed_on <= %(as_of_date)s::date
order by disposed_on desc, symbol, acquired_on, disposal_id, lot_id, part
