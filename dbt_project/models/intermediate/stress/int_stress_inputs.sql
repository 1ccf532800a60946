-- Securities held on the dates being built, each once: one dollar of a stock, one underlying share of an option.
with holdings as (
    select * from {{ ref('int_engine_holdings') }}
),

options as (
    select * from {{ ref('int_engine_options') }}
),

final as (
    select
        as_of_date,
        symbol as instrument_id,
        symbol,
        false as is_option,
        cast(1 as double precision) as price,
        cast(null as text) as option_type,
        cast(null as double precision) as strike_price,
        cast(null as double precision) as years_to_expiration,
        cast(null as double precision) as risk_free_rate,
        cast(null as double precision) as dividend_yield,
        cast(null as double precision) as implied_volatility,
        cast(null as double precision) as delta
    from holdings
    where linear_positions > 0
    group by as_of_date, symbol
    union all
    select
        as_of_date,
        contract as instrument_id,
        symbol,
        true as is_option,
        underlying_price as price,
        option_type,
        strike_price,
        years_to_expiration,
        risk_free_rate,
        dividend_yield,
        implied_volatility,
        delta
    from options
    group by
        as_of_date, contract, symbol, underlying_price, option_type, strike_price, years_to_expiration,
        risk_free_rate, dividend_yield, implied_volatility, delta
)

select * from final
