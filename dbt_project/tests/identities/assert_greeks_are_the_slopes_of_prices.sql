-- Greeks in wrong units (a rate in percent, a volatility point of 100) once went unnoticed for months: each Greek is
-- compared with a finite difference of the price formula, and calls and puts with put-call parity. Of options with the
-- European price: assert_american_options_are_worth_no_less compares the others with it. A bump is a thousandth of what
-- moves the price by a deviation: of a share that hardly moves, or on the last day, that is little.
with greeks as (
    select
        *,
        underlying_price * 1e-3 * least(implied_volatility * sqrt(years_to_expiration), 1) as spot_bump,
        1e-3 * implied_volatility as volatility_bump,
        1e-3 * least(implied_volatility / sqrt(years_to_expiration), 1 / years_to_expiration) as rate_bump,
        1e-3 * years_to_expiration as year_bump
    from {{ ref('int_option_greeks') }}
    where
        -- a yield so wrong that its discount is beyond a double has no price to compare
        null_reason is null and dividend_yield * years_to_expiration < 700
        and {{ has_european_price() }}
),

bumped as (
    select
        contract,
        as_of_date,
        underlying_price,
        model_price,
        delta,
        gamma,
        theta,
        vega,
        rho,
        {{ option_value('bs_price', option_type="'CALL'") }} - {{ option_value('bs_price', option_type="'PUT'") }}
        - underlying_price * exp(-dividend_yield * years_to_expiration)
        + strike_price * exp(-risk_free_rate * years_to_expiration) as parity_gap,
        {{ option_value('bs_price') }} as price,
        {{ bumped('bs_price', 'spot', 'underlying_price', 'spot_bump') }} as bumped_delta,
        {{ bumped('bs_delta', 'spot', 'underlying_price', 'spot_bump') }} as bumped_gamma,
        -{{ bumped('bs_price', 'years', 'years_to_expiration', 'year_bump') }} / 365 as bumped_theta,
        {{ bumped('bs_price', 'volatility', 'implied_volatility', 'volatility_bump') }} / 100 as bumped_vega,
        {{ bumped('bs_price', 'rate', 'risk_free_rate', 'rate_bump') }} / 100 as bumped_rho
    from greeks
)

-- a finite difference resolves a slope near zero only up to the rounding of the two prices
{{ with_holders('bumped') }}
where
    (
        abs(parity_gap) <= 1e-6 * underlying_price
        and abs(price - model_price) <= 1e-6 * greatest(model_price, 1e-4 * underlying_price)
        and abs(bumped_delta - delta) <= 1e-6 * greatest(abs(delta), 0.01)
        and abs(bumped_gamma - gamma) <= 1e-6 * greatest(gamma, 0.01 / underlying_price)
        and abs(bumped_theta - theta) <= 1e-6 * greatest(abs(theta), 1e-5 * underlying_price)
        and abs(bumped_vega - vega) <= 1e-6 * greatest(vega, 1e-4 * underlying_price)
        and abs(bumped_rho - rho) <= 1e-6 * greatest(abs(rho), 1e-4 * underlying_price)
    ) is not true
