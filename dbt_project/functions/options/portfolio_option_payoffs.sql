-- Numbers are exact: a payoff is a sum of products.
with held as materialized (
    select
        position_id,
        symbol,
        investment_class,
        position_type,
        quantity,
        market_value
    from {{ mart('fct_position_values') }}
    where
        portfolio_id = portfolio_option_payoffs.portfolio_id
        and as_of_date = portfolio_option_payoffs.as_of_date
        and is_open
),

contracts as materialized (
    select
        position_id,
        underlying_symbol,
        expiration_date,
        strike_price,
        cast(units as numeric) as units,
        round(cast(underlying_price as numeric), 6) as spot
    from {{ mart('fct_position_greeks') }}
    where
        portfolio_id = portfolio_option_payoffs.portfolio_id
        and as_of_date = portfolio_option_payoffs.as_of_date
        and position_id = any(array(select held.position_id from held where held.investment_class = 'OPTIONS'))
),

options as (
    select
        contracts.*,
        case when held.position_type in ('LC', 'SC') then 1 else -1 end as option_sign,
        held.market_value
    from contracts
    inner join held on contracts.position_id = held.position_id
),

shares as (
    select
        symbol,
        sum(quantity) as quantity,
        sum(market_value) as market_value
    from held
    where investment_class <> 'OPTIONS'
    group by symbol
),

expiries as (
    select
        underlying_symbol,
        expiration_date,
        max(spot) as spot,
        sum(market_value) as market_value
    from options
    group by underlying_symbol, expiration_date
),

prices as (
    select
        underlying_symbol,
        expiration_date,
        strike_price as underlying_price
    from options
    union distinct
    select
        expiries.underlying_symbol,
        expiries.expiration_date,
        round(expiries.spot * steps.step / 20, 6) as underlying_price
    from expiries
    cross join generate_series(10, 30) as steps (step)
    where expiries.spot is not null
),

settled as (
    select
        prices.underlying_symbol,
        prices.expiration_date,
        prices.underlying_price,
        sum(
            options.units * greatest(0, options.option_sign * (prices.underlying_price - options.strike_price))
        ) as options_value
    from prices
    inner join options
        on
            prices.underlying_symbol = options.underlying_symbol
            and prices.expiration_date = options.expiration_date
    group by prices.underlying_symbol, prices.expiration_date, prices.underlying_price
),

valued as (
    select
        settled.*,
        expiries.spot,
        settled.options_value - expiries.market_value as options_pnl,
        coalesce(shares.quantity, 0) as shares,
        coalesce(shares.quantity * settled.underlying_price, 0) as shares_value,
        coalesce(shares.market_value, 0) as shares_market_value
    from settled
    inner join expiries
        on
            settled.underlying_symbol = expiries.underlying_symbol
            and settled.expiration_date = expiries.expiration_date
    left join shares on settled.underlying_symbol = shares.symbol
)

select
    underlying_symbol,
    expiration_date,
    underlying_price,
    spot,
    options_value,
    options_pnl,
    shares,
    shares_value,
    options_pnl + shares_value - shares_market_value as pnl
from valued
