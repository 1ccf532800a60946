-- From the other Greeks: q S delta - r (100 rho / T) - (100 vega) sigma / (2 T) per year, divided by 365.
select
    case when {{ udf('bs_is_priceable') }}(
        option_type, underlying_price, strike_price, years, rate, dividend_yield, volatility
    ) then (
        dividend_yield * underlying_price * {{ udf('bs_delta') }}(
            option_type, underlying_price, strike_price, years, rate, dividend_yield, volatility
        )
        - rate * 100 / years * {{ udf('bs_rho') }}(
            option_type, underlying_price, strike_price, years, rate, dividend_yield, volatility
        )
        - 50 * volatility / years * {{ udf('bs_vega') }}(
            option_type, underlying_price, strike_price, years, rate, dividend_yield, volatility
        )
    ) / 365 end
