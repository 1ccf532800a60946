-- Past prices of contracts with the pricing inputs of their day, for the volatility that they imply. entry_ratio: the
-- underlying's cumulative split ratio, which tells a contract's terms from those of a later one with the same symbol.
with prices as (
    select * from {{ ref('int_option_past_prices') }}
),

closes as not materialized (
    {{ market_rows(ref('fct_prices'), since="date '-infinity'") }}
),

curves as (
    select * from {{ ref('int_yield_curves') }}
),

profiles as (
    select * from {{ ref('int_symbol_profiles') }}
),

splits as (
    select * from {{ ref('int_split_periods') }}
),

-- each close is looked up by its key: a join would read the closes of all dates
priced as (
    select
        *,
        (
            select closes.close from closes
            where closes.symbol = prices.pricing_symbol and closes.as_of_date = prices.observed_on
        ) as underlying_close
    from prices
),

final as (
    select
        prices.symbol,
        prices.portfolio_id,
        prices.observed_on,
        cast(trim_scale(coalesce(split.cumulative_ratio, 1)) as text) as entry_ratio,
        prices.option_type,
        prices.exercise,
        cast(prices.price as double precision) as price,
        cast(prices.strike_price as double precision) as strike_price,
        prices.years_to_expiration,
        cast(prices.underlying_close as double precision) as underlying_price,
        {{ risk_free_rate('prices') }} as risk_free_rate,
        cast(coalesce(profiles.dividend_yield, 0) as double precision) as dividend_yield
    from priced as prices
    {{ join_curve_segment('prices', 'prices.observed_on') }}
    left join profiles
        on
            prices.pricing_symbol = profiles.symbol
            and prices.observed_on >= profiles.profile_date
            and prices.observed_on < profiles.valid_before
    {{ join_split_period('splits', 'split', 'prices.pricing_symbol', 'prices.observed_on') }}
    where prices.underlying_close is not null
)

select * from final
