select
    case when {{ function('bs_is_priceable') }}(
        option_type, underlying_price, strike_price, years, rate, dividend_yield, volatility
    ) then (
        0.01 * years * strike_price * exp(-rate * years)
        * {{ function('option_sign') }}(option_type) * {{ function('norm_cdf') }}(
            {{ function('option_sign') }}(option_type) * (
                {{ function('bs_d1') }}(underlying_price, strike_price, years, rate, dividend_yield, volatility)
                - volatility * sqrt(years)
            )
        )
    ) end
