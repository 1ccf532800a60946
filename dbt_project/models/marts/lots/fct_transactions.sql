{{ config(materialized='mart', versioned=true, grain=['transaction_id']) }}

-- Transactions up to the last date built, of portfolios that are not removed.
with transactions as (
    select * from {{ ref('stg_raw__transactions') }}
    where trade_date <= {{ to_date() }}
),

portfolios as (
    select * from {{ ref('stg_raw__portfolios') }}
    where removed_on is null or removed_on > {{ to_date() }}
),

final as (
    select
        transactions.transaction_id,
        transactions.portfolio_id,
        transactions.trade_date,
        transactions.kind,
        transactions.symbol,
        transactions.quantity,
        transactions.price,
        cast(transactions.fees as numeric(38, 2)) as fees,
        cast(transactions.amount as numeric(38, 2)) as amount,
        transactions.acquired_on,
        transactions.notes
    from transactions
    inner join portfolios on transactions.portfolio_id = portfolios.portfolio_id
)

select * from final
