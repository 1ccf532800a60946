-- The open options with their terms, implied volatility and Greeks, times quantity and multiplier.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.symbol,
    facts.underlying_symbol,
    positions.option_type,
    facts.strike_price,
    positions.expiration_date,
    facts.exercise,
    facts.underlying_price,
    facts.option_price,
    facts.implied_volatility,
    facts.iv_source,
    facts.position_delta,
    facts.position_gamma,
    facts.position_theta,
    facts.position_vega,
    facts.position_rho,
    facts.delta_dollars,
    facts.gamma_dollars_1pct,
    facts.null_reason
from fct_position_greeks as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
inner join dim_positions as positions on facts.position_id = positions.position_id
inner join fct_position_values as held
    on facts.position_id = held.position_id and facts.as_of_date = held.as_of_date and held.is_open
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name, facts.symbol, facts.position_id
