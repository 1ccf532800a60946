-- Every option contract held or closed on a session of the window, once, with its pricing inputs: an exit without a
-- stated price needs the price of its day. The strike is divided by the splits since the entry. A carried volatility
-- moves with the VIX since its date, less for single names and long terms; an option on the VIX keeps its own.
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

prices as not materialized (
    {{ market_rows(ref('fct_prices'), since="date '-infinity'") }}
),

broad as (
    select * from {{ ref('broad_underlyings') }}
),

-- one row per contract, not per lot
contracts as (
    select distinct
        contract,
        symbol,
        underlying_symbol,
        as_of_date,
        option_type,
        exercise,
        strike_price,
        is_as_listed,
        expiration_date,
        years_to_expiration,
        is_settlement,
        carried_volatility,
        carried_from,
        carried_source
    from days
),

level_dates as (
    select as_of_date from contracts
    union distinct
    select carried_from as as_of_date from contracts
    where carried_from is not null
),

-- the VIX has no expiry: as for the curve, the last known level counts until there is a newer one
levels as (
    select
        level_dates.as_of_date,
        (
            select cast(prices.close as double precision) from prices
            where
                prices.symbol = '{{ var("volatility_index") }}'
                and prices.as_of_date <= level_dates.as_of_date
            order by prices.as_of_date desc
            limit 1
        ) as vix
    from level_dates
),

final as (
    select
        contracts.contract,
        contracts.symbol,
        contracts.underlying_symbol,
        contracts.as_of_date,
        contracts.option_type,
        contracts.exercise,
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
        case when contracts.is_as_listed then cast(quotes.price as double precision) end as quote_price,
        case when contracts.is_as_listed then quotes.price_basis end as quote_basis,
        contracts.carried_volatility * coalesce(power(
            levels.vix / nullif(past_levels.vix, 0),
            {{ volatility_sensitivity('broad') }} * power(
                {{ var('stress_rules').volatility_days }} / greatest(
                    365 * contracts.years_to_expiration, {{ var('stress_rules').volatility_days }}
                ),
                {{ var('stress_rules').volatility_decay }}
            )
        ), 1) as carried_volatility,
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
    left join levels
        on
            contracts.as_of_date = levels.as_of_date
            and contracts.underlying_symbol <> '{{ var("volatility_index") }}'
    left join levels as past_levels
        on contracts.carried_from = past_levels.as_of_date
    left join broad
        on contracts.underlying_symbol = broad.symbol
    left join volatilities
        on
            contracts.underlying_symbol = volatilities.symbol
            and contracts.as_of_date = volatilities.as_of_date
)

select * from final
