-- Every option contract held or closed on a session of the window, once, with its pricing inputs: an exit without a
-- stated price needs the price of its day. The strike is divided by the splits since the entry.
with days as (
    select * from {{ ref('int_option_days') }}
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
    select distinct
        contract,
        symbol,
        underlying_symbol,
        as_of_date,
        option_type,
        strike_price,
        split_factor,
        expiration_date,
        years_to_expiration,
        is_settlement,
        carried_volatility,
        carried_source
    from days
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
        {{ risk_free_rate('contracts') }} as risk_free_rate,
        case
            when curves.curve_date is null then 'no_curve'
            when contracts.as_of_date - curves.curve_date > {{ var('stale_curve_days') }} then 'stale_curve'
        end as rate_flag,
        cast(coalesce(profiles.dividend_yield, 0) as double precision) as dividend_yield,
        -- a quote is for the contract as it trades now, not for one from before a split
        case when contracts.split_factor = 1 then cast(quotes.price as double precision) end as quote_price,
        case when contracts.split_factor = 1 then quotes.price_basis end as quote_basis,
        contracts.carried_volatility,
        contracts.carried_source,
        volatilities.realized_volatility_63d,
        contracts.is_settlement
    from contracts
    left join closes
        on contracts.underlying_symbol = closes.symbol and contracts.as_of_date = closes.as_of_date
    {{ join_curve_segment('contracts', 'contracts.as_of_date') }}
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
