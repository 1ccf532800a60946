{{ config(materialized='mart', versioned=true, grain=['portfolio_id', 'symbol']) }}

-- Whether transactions and statements agree on what is held on the last date built, for instruments with transactions.
with trades as (
    select distinct
        portfolio_id,
        symbol,
        pricing_symbol
    from {{ ref('int_transaction_trades') }}
),

changes as (
    select
        portfolio_id,
        symbol,
        is_short,
        cast(units as numeric) as of_transactions,
        0 as of_statements
    from {{ ref('int_lot_relief') }}
    where method = 'fifo' and disposal_id is null
    union all
    select
        portfolio_id,
        symbol,
        is_short,
        0 as of_transactions,
        cast(units as numeric) as of_statements
    from {{ ref('int_statement_lots') }}
    union all
    select
        portfolio_id,
        symbol,
        is_short,
        0 as of_transactions,
        -cast(units as numeric) as of_statements
    from {{ ref('int_statement_disposals') }}
),

held as (
    select
        portfolio_id,
        symbol,
        sum(case when is_short then -of_transactions else of_transactions end) / 1e12 as of_transactions,
        sum(case when is_short then -of_statements else of_statements end) / 1e12 as of_statements
    from changes
    group by portfolio_id, symbol
),

splits as (
    select * from {{ ref('int_split_periods') }}
),

final as (
    select
        trades.portfolio_id,
        trades.symbol,
        cast(coalesce(held.of_transactions, 0) * coalesce(today.cumulative_ratio, 1) as numeric(38, 6))
            as quantity_by_transactions,
        cast(coalesce(held.of_statements, 0) * coalesce(today.cumulative_ratio, 1) as numeric(38, 6))
            as quantity_by_statements,
        abs(coalesce(held.of_transactions, 0) - coalesce(held.of_statements, 0)) < 1e-6 as is_equal
    from trades
    left join held on trades.portfolio_id = held.portfolio_id and trades.symbol = held.symbol
    {{ join_split_period('splits', 'today', 'trades.pricing_symbol', to_date()) }}
)

select * from final
