-- The normal density at d1 is floored at 1e-217, because exp() raises an underflow error in Postgres.
select
    case when {{ udf('bs_is_priceable') }}(
        option_type, underlying_price, strike_price, years, rate, dividend_yield, volatility
    ) then 0.01 * underlying_price * exp(-dividend_yield * years) * sqrt(years) / sqrt(2 * pi()) * exp(greatest(
        -500,
        -0.5 * power(
            {{ udf('bs_d1') }}(underlying_price, strike_price, years, rate, dividend_yield, volatility), 2
        )
    )) end
