select
    case when {{ udf('bs_is_priceable') }}(
        option_type, underlying_price, strike_price, years, rate, dividend_yield, volatility
    ) then (
        0.01 * years * strike_price * exp(-rate * years)
        * {{ udf('option_sign') }}(option_type) * {{ udf('norm_cdf') }}(
            {{ udf('option_sign') }}(option_type) * (
                {{ udf('bs_d1') }}(underlying_price, strike_price, years, rate, dividend_yield, volatility)
                - volatility * sqrt(years)
            )
        )
    ) end
