-- Greeks of the portfolio.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.delta,
    facts.gamma,
    facts.theta,
    facts.vega,
    facts.rho,
    facts.delta_dollars,
    facts.gamma_dollars_1pct,
    facts.option_count,
    facts.options_without_greeks,
    facts.null_reason
from fct_portfolio_greeks as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
