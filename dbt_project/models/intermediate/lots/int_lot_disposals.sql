{{ config(materialized='build_table', indexes=[{'columns': ['portfolio_id', 'disposal_id'], 'unique': true}]) }}

-- Disposals of every instrument: from transactions where it has any, else from statements.
with statement_disposals as (
    select * from {{ ref('int_statement_disposals') }}
),

traded as (
    select * from {{ ref('int_traded_lots') }}
    where event = 'disposal'
),

trades as (
    select distinct
        portfolio_id,
        symbol,
        pricing_symbol
    from {{ ref('int_transaction_trades') }}
),

splits as (
    select * from {{ ref('int_split_periods') }}
),

final as (
    select
        statement_disposals.*,
        'statement' as stated_by
    from statement_disposals
    left join trades
        on statement_disposals.portfolio_id = trades.portfolio_id and statement_disposals.symbol = trades.symbol
    where trades.portfolio_id is null
    union all
    select
        traded.portfolio_id,
        traded.symbol,
        traded.is_short,
        traded.event_id as disposal_id,
        traded.lot_id,
        traded.kind,
        traded.on_date as disposed_on,
        cast(traded.units as numeric) / 1e12 * coalesce(sold.cumulative_ratio, 1) as quantity,
        traded.units,
        traded.kind = 'transfer' as is_transfer,
        traded.amount as closing,
        'transactions' as stated_by
    from traded
    inner join trades on traded.portfolio_id = trades.portfolio_id and traded.symbol = trades.symbol
    {{ join_split_period('splits', 'sold', 'trades.pricing_symbol', 'traded.on_date', since='ex_date') }}
)

select * from final
