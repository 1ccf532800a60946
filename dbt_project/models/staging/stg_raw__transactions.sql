-- Under the symbols that the companies have now, as the lots of statements.
with names as (
    {{ symbol_names() }}
),

newest as (
    {{ newest_known(source('raw', 'transactions'), ['transaction_id']) }}
),

underlyings as (
    select
        *,
        case
            when symbol ~ '^[A-Z0-9]{1,6}[0-9]{6}[CP][0-9]{8}$' then left(symbol, length(symbol) - 15)
        end as underlying
    from newest
    where not is_withdrawn
),

named as (
    select
        *,
        {{ current_symbol('coalesce(underlyings.underlying, underlyings.symbol)', 'underlyings.trade_date') }}
            as current_symbol
    from underlyings
),

final as (
    select
        transaction_id,
        portfolio_id,
        trade_date,
        kind,
        case
            when underlying is not null then {{ current_contract('symbol', 'underlying', 'current_symbol') }}
            else current_symbol
        end as symbol,
        quantity,
        price,
        fees,
        amount,
        acquired_on,
        notes
    from named
)

select * from final
