-- Exposures to the factors of the risk model, the largest dollar exposure first.
select
    portfolios.portfolio_name,
    facts.as_of_date,
    facts.factor,
    facts.beta,
    facts.std_error,
    facts.dollar_exposure,
    facts.variance_contribution,
    facts.share_of_variance,
    facts.coverage,
    facts.ratio_null_reason,
    facts.quality_flag,
    facts.coverage_of_equity
from fct_portfolio_factor_exposures as facts
inner join dim_portfolios as portfolios on facts.portfolio_id = portfolios.portfolio_id
where
    facts.portfolio_id = any(%(portfolio_ids)s::uuid[])
    and facts.as_of_date = %(as_of_date)s::date
    and facts.model = 'risk'
order by portfolios.portfolio_name, abs(facts.dollar_exposure) desc nulls last, facts.factor
