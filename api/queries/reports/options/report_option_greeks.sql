-- The Greeks of each open option position, those that expire first first.
-- with open_positions
with greeks as (
    select *
    from fct_position_greeks
    where portfolio_id = %(portfolio_id)s::uuid and as_of_date = %(as_of_date)s::date
)

select
    greeks.symbol,
    described.position_type,
    described.quantity,
    greeks.underlying_symbol,
    greeks.underlying_price,
    greeks.strike_price,
    greeks.expiration_date,
    greeks.exercise,
    greeks.implied_volatility,
    greeks.iv_source,
    greeks.position_delta,
    greeks.position_gamma,
    greeks.position_theta,
    greeks.position_vega,
    greeks.position_rho,
    greeks.delta_dollars,
    greeks.null_reason
from greeks
inner join described on greeks.position_id = described.position_id
order by greeks.expiration_date, greeks.symbol, greeks.position_id
