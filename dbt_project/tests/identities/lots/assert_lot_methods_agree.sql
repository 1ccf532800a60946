-- A method that lost a share or a cent, or relieved a lot twice, would show a wrong gain unseen: under every method the
-- quantities and amounts of what is disposed of and of what is open are those of the lots, so that realized plus
-- unrealized gains are the same. A whole lot is alone in its instrument, and one row for all methods.
with lots as (
    select
        portfolio_id,
        symbol,
        is_short,
        sum(cast(units as numeric)) as units,
        sum(cast(opening as numeric)) as opening
    from {{ ref('int_tax_lots') }}
    where not is_whole
    group by portfolio_id, symbol, is_short
),

disposals as (
    select
        portfolio_id,
        symbol,
        is_short,
        sum(case when not is_transfer then cast(closing as numeric) end) as closing
    from {{ ref('int_lot_disposals') }}
    group by portfolio_id, symbol, is_short
),

methods as (
    select applied.lot_method
    from unnest(array['fifo', 'lifo', 'hifo', 'average', 'specific', 'portfolio']) as applied (lot_method)
),

relief as (
    select
        relief.*,
        coalesce(disposals.is_transfer, false) as is_transfer
    from {{ ref('int_relieved_lots') }} as relief
    left join {{ ref('int_lot_disposals') }} as disposals on relief.disposal_id = disposals.disposal_id
),

relieved as (
    select
        portfolio_id,
        symbol,
        is_short,
        method,
        sum(cast(units as numeric)) as units,
        sum(cast(opening as numeric)) as opening,
        sum(case when not is_transfer then cast(closing as numeric) end) as closing,
        sum(cast(wash_disallowed as numeric) - cast(basis_adjustment as numeric)) as washed
    from relief
    group by portfolio_id, symbol, is_short, method
)

select
    coalesce(lots.portfolio_id, relieved.portfolio_id) as portfolio_id,
    coalesce(lots.symbol, relieved.symbol) as symbol
from lots
cross join methods
left join disposals
    on
        lots.portfolio_id = disposals.portfolio_id
        and lots.symbol = disposals.symbol
        and lots.is_short = disposals.is_short
full outer join relieved
    on
        lots.portfolio_id = relieved.portfolio_id
        and lots.symbol = relieved.symbol
        and lots.is_short = relieved.is_short
        and methods.lot_method = relieved.method
where
    relieved.units is distinct from lots.units
    or relieved.opening is distinct from lots.opening
    or relieved.closing is distinct from disposals.closing
    -- what a loss loses, an open lot or a later sale takes over
    or relieved.washed <> 0
