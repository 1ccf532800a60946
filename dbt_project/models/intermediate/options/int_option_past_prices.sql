-- Past prices of the contracts held: quotes, and each portfolio's own entry prices (portfolio_id is null for a quote).
with lots as (
    select * from {{ ref('int_positions') }}
    where investment_class = 'OPTIONS' and entry_session <= {{ to_date() }}
),

quotes as not materialized (
    select * from {{ ref('stg_raw__option_quotes') }}
    where price is not null and quote_date <= {{ to_date() }}
),

contracts as (
    select
        symbol,
        pricing_symbol,
        option_type,
        exercise,
        strike_price,
        expiration_date
    from lots
    group by symbol, pricing_symbol, option_type, exercise, strike_price, expiration_date
),

quoted as (
    select
        contracts.*,
        cast(null as uuid) as portfolio_id,
        known.quote_date as observed_on,
        known.price
    from contracts
    cross join lateral (
        select
            quotes.quote_date,
            quotes.price
        from quotes
        where quotes.symbol = contracts.symbol
    ) as known
),

entered as (
    select
        symbol,
        pricing_symbol,
        option_type,
        exercise,
        strike_price,
        expiration_date,
        portfolio_id,
        entry_session as observed_on,
        sum(abs(quantity) * entry_price) / sum(abs(quantity)) as price
    from lots
    where
        -- an entry between two sessions has no close of its day, and may be in the shares before a split
        entry_date = entry_session
    group by
        symbol, pricing_symbol, option_type, exercise, strike_price, expiration_date, portfolio_id, entry_session
),

observed as (
    select * from quoted
    union all
    select * from entered
),

final as (
    select
        *,
        cast(expiration_date - observed_on as double precision) / 365 as years_to_expiration
    from observed
)

select * from final
