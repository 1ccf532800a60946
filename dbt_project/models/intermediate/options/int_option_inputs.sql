-- Every option contract held or closed on a session of the window, once, with its pricing inputs: an exit without a
-- stated price needs the price of its day. The strike is divided by the splits since the entry.
with days as (
    select * from {{ ref('int_position_days') }}
    where investment_class = 'OPTIONS'
),

closes as (
    select * from {{ ref('int_valuation_prices') }}
),

curves as (
    select * from {{ ref('int_yield_curves') }}
),

profiles as (
    select * from {{ ref('int_symbol_profiles') }}
),

quotes as (
    select * from {{ ref('stg_raw__option_quotes') }}
    where quote_date between {{ first_date() }} and {{ to_date() }}
),

volatilities as (
    {{ market_rows(ref('fct_symbol_risk')) }}
),

-- one row per contract, not per lot
contracts as (
    select
        {{ contract_key('days') }} as contract,
        days.symbol,
        days.pricing_symbol as underlying_symbol,
        days.as_of_date,
        days.option_type,
        cast(days.strike_price / days.split_factor as double precision) as strike_price,
        days.split_factor,
        days.expiration_date,
        cast(days.expiration_date - days.as_of_date as double precision) / 365 as years_to_expiration,
        days.is_settlement
    from days
    group by
        days.symbol, days.pricing_symbol, days.as_of_date, days.option_type, days.strike_price, days.split_factor,
        days.expiration_date, days.is_settlement, days.investment_class
),

final as (
    select
        contracts.contract,
        contracts.symbol,
        contracts.underlying_symbol,
        contracts.as_of_date,
        contracts.option_type,
        contracts.strike_price,
        contracts.expiration_date,
        cast(closes.price as double precision) as underlying_price,
        curves.rate_at_start
        + curves.slope * (contracts.years_to_expiration - curves.start_years) as risk_free_rate,
        cast(coalesce(profiles.dividend_yield, 0) as double precision) as dividend_yield,
        -- a quote is for the contract as it trades now, not for one from before a split
        case when contracts.split_factor = 1 then cast(quotes.price as double precision) end as quote_price,
        case when contracts.split_factor = 1 then quotes.price_basis end as quote_basis,
        volatilities.realized_volatility_63d,
        contracts.is_settlement
    from contracts
    left join closes
        on contracts.underlying_symbol = closes.symbol and contracts.as_of_date = closes.as_of_date
    left join curves
        on
            contracts.as_of_date = curves.as_of_date
            and contracts.years_to_expiration >= curves.from_years
            and contracts.years_to_expiration < curves.before_years
    -- before the first profile the dividend yield counts as 0
    left join profiles
        on
            contracts.underlying_symbol = profiles.symbol
            and contracts.as_of_date >= profiles.profile_date
            and contracts.as_of_date < profiles.valid_before
    left join quotes
        on contracts.symbol = quotes.symbol and contracts.as_of_date = quotes.quote_date
    left join volatilities
        on
            contracts.underlying_symbol = volatilities.symbol
            and contracts.as_of_date = volatilities.as_of_date
)

select * from final
