-- How often losses exceeded the value at risk of the session before, by method and confidence.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.method,
    facts.pnl_basis,
    facts.confidence,
    facts.observations,
    facts.breaches,
    facts.expected_breaches,
    facts.kupiec_p_value,
    facts.christoffersen_p_value,
    facts.traffic_light
from fct_var_backtest as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name, facts.method, facts.pnl_basis, facts.confidence
