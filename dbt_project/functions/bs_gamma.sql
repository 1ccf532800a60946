select
    case when {{ udf('bs_is_priceable') }}(
        option_type, underlying_price, strike_price, years, rate, dividend_yield, volatility
    ) then 100 * {{ udf('bs_vega') }}(
        option_type, underlying_price, strike_price, years, rate, dividend_yield, volatility
    ) / (underlying_price * underlying_price * volatility * years) end
