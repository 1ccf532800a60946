select
    case when {{ udf('bs_is_priceable') }}(
        option_type, underlying_price, strike_price, years, rate, dividend_yield, volatility
    ) then {{ udf('option_sign') }}(option_type) * exp(-dividend_yield * years) * {{ udf('norm_cdf') }}(
        {{ udf('option_sign') }}(option_type)
        * {{ udf('bs_d1') }}(underlying_price, strike_price, years, rate, dividend_yield, volatility)
    ) end
