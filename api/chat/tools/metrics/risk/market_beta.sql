-- Beta of the holdings at the close to the market: the weighted betas of the symbols.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.market_beta,
    facts.market_beta_r_squared,
    facts.market_beta_observations,
    facts.coverage,
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
