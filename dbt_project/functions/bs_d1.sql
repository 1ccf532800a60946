select
    (ln(underlying_price / strike_price) + (rate - dividend_yield) * years) / (volatility * sqrt(years))
    + 0.5 * volatility * sqrt(years)
