-- Within these limits no step of the formulas overflows or underflows, which is an error in Postgres.
select
    upper(option_type) in ('CALL', 'PUT')
    and underlying_price between 1e-9 and 1e12
    and strike_price between 1e-9 and 1e12
    and years between 1e-9 and 1e12
    and volatility between 1e-9 and 1e12
    and abs(rate * years) < 100
    and abs(dividend_yield * years) < 100
