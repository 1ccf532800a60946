-- Securities held on the dates being built, each once, and symbols that a what-if can buy: one dollar of a stock, one
-- underlying share of an option. The implied volatility of options on broad indices and funds moves more with the VIX
-- than that of others.
with holdings as (
    select * from {{ ref('int_engine_holdings') }}
),

options as (
    select * from {{ ref('int_engine_options') }}
),

broad as (
    select * from {{ ref('broad_underlyings') }}
),

contracts as (
    select distinct
        as_of_date,
        contract,
        symbol,
        underlying_price,
        option_type,
        exercise,
        strike_price,
        years_to_expiration,
        risk_free_rate,
        dividend_yield,
        implied_volatility
    from options
),

symbols as (
    select
        as_of_date,
        symbol
    from holdings
    where linear_positions > 0
    union distinct
    select
        as_of_date,
        symbol
    from {{ ref('int_unheld_symbols') }}
),

final as (
    select
        as_of_date,
        symbol as instrument_id,
        symbol,
        false as is_option,
        cast(1 as double precision) as price,
        cast(null as text) as option_type,
        cast(null as text) as exercise,
        cast(null as double precision) as strike_price,
        cast(null as double precision) as years_to_expiration,
        cast(null as double precision) as risk_free_rate,
        cast(null as double precision) as dividend_yield,
        cast(null as double precision) as implied_volatility,
        cast(null as double precision) as volatility_sensitivity,
        false as is_on_vix
    from symbols
    union all
    select
        contracts.as_of_date,
        contracts.contract as instrument_id,
        contracts.symbol,
        true as is_option,
        contracts.underlying_price as price,
        contracts.option_type,
        contracts.exercise,
        contracts.strike_price,
        contracts.years_to_expiration,
        contracts.risk_free_rate,
        contracts.dividend_yield,
        contracts.implied_volatility,
        cast(
            {{ volatility_sensitivity('broad') }} as double precision
        ) as volatility_sensitivity,
        contracts.symbol = '{{ var("volatility_index") }}' as is_on_vix
    from contracts
    left join broad on contracts.symbol = broad.symbol
)

select * from final
