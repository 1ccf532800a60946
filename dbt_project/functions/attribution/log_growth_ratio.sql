-- Near 0 by its series: a sum that rounds to 1 leaves its logarithm no digits. Products that underflow are errors.
select
    case
        when x <= -1 then null
        when abs(x) < 1e-9 then 1 - x / 2
        when abs(x) < 1e-5 then 1 - x / 2 + x * x / 3
        else ln(1 + x) / x
    end
