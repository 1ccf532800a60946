-- Beta of the holdings at the close to the market: the weighted betas of the symbols.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.market_beta,
    facts.market_beta_r_squared,
    facts.market_beta_observations,
    measured.coverage,
    facts.ratio_null_reason,
    measured.quality_flag,
    measured.coverage_of_equity,
    measured.quality_message
from fct_portfolio_risk as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
-- of the market model, which needs more returns than the risk model of the other figures
inner join fct_portfolio_factor_exposures as measured
    on
        facts.portfolio_id = measured.portfolio_id
        and facts.as_of_date = measured.as_of_date
        and measured.model = 'market'
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
order by portfolios.portfolio_name
