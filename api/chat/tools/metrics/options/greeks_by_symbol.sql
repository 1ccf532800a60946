-- Greeks of the open options by underlying.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.underlying_symbol,
    sum(facts.position_delta) as delta,
    sum(facts.position_gamma) as gamma,
    sum(facts.position_theta) as theta,
    sum(facts.position_vega) as vega,
    sum(facts.position_rho) as rho,
    sum(facts.delta_dollars) as delta_dollars,
    count(*) as option_count,
    count(facts.null_reason) as options_without_greeks
from fct_position_greeks as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
inner join fct_position_values as held
    on facts.position_id = held.position_id and facts.as_of_date = held.as_of_date and held.is_open
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
group by portfolios.portfolio_name, facts.as_of_date, facts.underlying_symbol
order by portfolios.portfolio_name, facts.underlying_symbol
