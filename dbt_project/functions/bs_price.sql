select
    case when {{ udf('bs_is_priceable') }}(
        option_type, underlying_price, strike_price, years, rate, dividend_yield, volatility
    ) then greatest(0, {{ udf('option_sign') }}(option_type) * (
        underlying_price * exp(-dividend_yield * years) * {{ udf('norm_cdf') }}(
            {{ udf('option_sign') }}(option_type)
            * {{ udf('bs_d1') }}(underlying_price, strike_price, years, rate, dividend_yield, volatility)
        )
        - strike_price * exp(-rate * years) * {{ udf('norm_cdf') }}(
            {{ udf('option_sign') }}(option_type) * (
                {{ udf('bs_d1') }}(underlying_price, strike_price, years, rate, dividend_yield, volatility)
                - volatility * sqrt(years)
            )
        )
    )) end
