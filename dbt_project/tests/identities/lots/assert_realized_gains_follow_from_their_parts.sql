-- A gain that is not proceeds less basis, a negative amount or a long-term gain of a short would reach a tax return
-- unseen. Of what readers see, in marts that have no dates.
with gains as (
    {{ newest_versions(ref('fct_realized_gains'), ['method', 'disposal_id', 'lot_id', 'part']) }}
),

open_lots as (
    {{ newest_versions(ref('fct_tax_lots'), ['method', 'lot_id']) }}
)

select
    portfolio_id,
    method,
    lot_id
from gains
where (
    gain = proceeds - basis
    and gain_after_wash_sales = gain + wash_disallowed - basis_adjustment
    and quantity >= 0
    and coalesce(holding_days = disposed_on - acquired_on, term_null_reason is not null or term = 'short')
    and disposed_on >= acquired_on and tacked_days >= 0
    and (term is null) = (term_null_reason is not null)
    and (term is null) = (term_after_wash_sales is null)
    and wash_disallowed between 0 and greatest(basis_adjustment - gain, 0) and basis_adjustment >= 0
    and method in ('fifo', 'lifo', 'hifo', 'average', 'specific', 'portfolio')
    and lot_method in ('fifo', 'lifo', 'hifo', 'average', 'specific')
    and (method = 'portfolio' or method = lot_method)
    and coalesce(term in ('short', 'long') and term_after_wash_sales in ('short', 'long'), true)
    and (position_type in ('LONG', 'LC', 'LP') or term = 'short')
) is not true
union all
select
    portfolio_id,
    method,
    lot_id
from open_lots
where (
    basis_adjustment >= 0
    -- what a split leaves may round to 0
    and case when position_type in ('LONG', 'LC', 'LP') then quantity >= 0 else quantity <= 0 end
    and method in ('fifo', 'lifo', 'hifo', 'average', 'specific', 'portfolio')
    and (method = 'portfolio' or method = lot_method)
) is not true
