{{ config(materialized='build_table', indexes=[{'columns': ['portfolio_id', 'transaction_id'], 'unique': true}]) }}

-- Buys, sells and transfers up to the last date built, of portfolios that are not removed or withheld, cash apart:
-- units and cents as in int_statement_lots, units signed. The amount of a buy includes its fees, that of a sell is less
-- them.
with transactions as (
    select
        *,
        case
            when symbol ~ '^[A-Z0-9]{1,6}[0-9]{6}[CP][0-9]{8}$' then left(symbol, length(symbol) - 15)
        end as underlying_symbol
    from {{ ref('stg_raw__transactions') }}
    where kind in ('buy', 'sell', 'transfer') and trade_date <= {{ to_date() }}
),

portfolios as (
    select * from {{ ref('stg_raw__portfolios') }} as portfolios
    where (removed_on is null or removed_on > {{ to_date() }}) and {{ is_not_excluded('portfolios') }}
),

cash_symbols as (
    select * from {{ ref('cash_symbols') }}
),

splits as (
    select * from {{ ref('int_split_periods') }}
),

signed as (
    select
        transactions.*,
        coalesce(transactions.underlying_symbol, transactions.symbol) as pricing_symbol,
        case when transactions.underlying_symbol is null then 1 else 100 end as contract_multiplier,
        transactions.quantity * (case when transactions.kind = 'sell' then -1 else 1 end) as quantity_change
    from transactions
    inner join portfolios on transactions.portfolio_id = portfolios.portfolio_id
    left join cash_symbols on transactions.symbol = cash_symbols.symbol
    where cash_symbols.symbol is null and transactions.symbol not like 'CASH\_%'
),

final as (
    select
        signed.transaction_id,
        signed.portfolio_id,
        signed.symbol,
        signed.underlying_symbol,
        signed.pricing_symbol,
        signed.trade_date,
        signed.acquired_on,
        signed.kind = 'transfer' as is_transfer,
        cast(cast(
            signed.quantity_change * 1e12 / coalesce(traded.cumulative_ratio, 1) as numeric(38, 0)
        ) as text) as units,
        cast(cast((
            abs(signed.quantity_change) * signed.contract_multiplier * coalesce(signed.price, 0)
            + (case when signed.kind = 'sell' then -signed.fees else signed.fees end)
        ) * 100 as numeric(38, 0)) as text) as amount,
        cast(
            coalesce(signed.price, 0) * signed.contract_multiplier * coalesce(traded.cumulative_ratio, 1) as text
        ) as price
    from signed
    {{ join_split_period('splits', 'traded', 'signed.pricing_symbol', 'signed.trade_date', since='ex_date') }}
)

select * from final
