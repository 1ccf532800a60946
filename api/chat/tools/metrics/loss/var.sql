-- One-day value at risk by historical simulation, in USD and of equity.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.var_95_1d,
    facts.var_99_1d,
    facts.var_95_1d_pct_equity,
    facts.var_99_1d_pct_equity,
    facts.scenario_days,
    facts.proxied_share,
    facts.ratio_null_reason,
    facts.quality_flag,
    facts.coverage_of_equity,
    facts.quality_message
from fct_portfolio_risk as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
