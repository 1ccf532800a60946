{{ config(materialized='build_table', indexes=[{'columns': ['portfolio_id', 'lot_id'], 'unique': true}]) }}

-- Lots of every instrument: from transactions where it has any, else from statements. A lot is whole if it is alone in
-- an instrument of which nothing was disposed: most are.
with statement_lots as (
    select * from {{ ref('int_statement_lots') }}
),

traded as (
    select * from {{ ref('int_traded_lots') }}
    where event = 'lot'
),

trades as (
    select distinct
        portfolio_id,
        symbol,
        underlying_symbol,
        pricing_symbol
    from {{ ref('int_transaction_trades') }}
),

disposed as (
    select distinct
        portfolio_id,
        symbol,
        is_short
    from {{ ref('int_lot_disposals') }}
),

all_lots as (
    select statement_lots.*
    from statement_lots
    left join trades
        on statement_lots.portfolio_id = trades.portfolio_id and statement_lots.symbol = trades.symbol
    where trades.portfolio_id is null
    union all
    select
        traded.event_id as lot_id,
        traded.portfolio_id,
        traded.symbol,
        traded.is_short,
        trades.underlying_symbol,
        trades.pricing_symbol,
        case when trades.underlying_symbol is null then 'PUBLIC' else 'OPTIONS' end as investment_class,
        case
            when trades.underlying_symbol is not null
                then (case when traded.is_short then 'S' else 'L' end) || left(right(traded.symbol, 9), 1)
            when traded.is_short then 'SHORT'
            else 'LONG'
        end as position_type,
        traded.on_date as acquired_on,
        traded.is_dated,
        traded.units,
        traded.amount as opening,
        traded.price
    from traded
    inner join trades on traded.portfolio_id = trades.portfolio_id and traded.symbol = trades.symbol
),

final as (
    select
        all_lots.*,
        disposed.portfolio_id is null
        and count(*) over (partition by all_lots.portfolio_id, all_lots.symbol, all_lots.is_short) = 1 as is_whole
    from all_lots
    left join disposed
        on
            all_lots.portfolio_id = disposed.portfolio_id
            and all_lots.symbol = disposed.symbol
            and all_lots.is_short = disposed.is_short
)

select * from final
