-- P&L of each scenario by factor: its linear part, without convexity and moves of implied volatility.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.scenario_id,
    facts.factor,
    facts.shock,
    facts.dollar_exposure,
    facts.direct_pnl,
    facts.correlated_shock,
    facts.correlated_pnl
from fct_stress_factor_impacts as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name, facts.scenario_id, facts.direct_pnl nulls last, facts.factor
