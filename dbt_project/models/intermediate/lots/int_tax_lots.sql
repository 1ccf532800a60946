{{ config(materialized='build_table', indexes=[{'columns': ['lot_id'], 'unique': true}]) }}

-- Lots of every instrument: from transactions where it has any, else from statements.
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

final as (
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
)

select * from final
