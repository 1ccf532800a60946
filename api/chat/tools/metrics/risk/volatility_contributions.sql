-- What positions contribute to the volatility by the factor model, the largest first.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.symbol,
    details.position_type,
    facts.standalone, -- noqa: RF04
    facts.marginal,
    facts.component,
    facts.share, -- noqa: RF04
    risk.total_volatility,
    facts.null_reason,
    risk.quality_flag,
    risk.coverage_of_equity
from fct_risk_contributions as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
inner join dim_positions as details on facts.position_id = details.position_id
inner join fct_portfolio_risk as risk
    on facts.portfolio_id = risk.portfolio_id and facts.as_of_date = risk.as_of_date
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
    and facts.measure = 'volatility'
order by portfolios.portfolio_name, abs(facts.component) desc nulls last, facts.symbol, facts.position_id
